"""The disks that a power cut may leave of a recording (recording.py), by a model of a weak file system.

What makes what durable (model A):
  fsync, fdatasync of a file     its content; not its name
  fsync of a directory           the names in it; a rename to it from elsewhere leaves both names
  syncfs, sync                   everything
  rename                         is atomic as long as neither directory is synced
Of what is not durable any part may be there: each write present, absent, torn, as zeros or as
junk; each change of a directory present or absent, by itself. A disk that is wrong is told with the
kinder models that could show it as well:
  B  fsync of a file brings its name along;
  C  a journal (ext4, XFS): changes of directories in their order, any fsync writes all before it;
  D  transactions (btrfs): some moment at which all was written, and what was synced since;
  and "data": no write of a file is missing before one that is there (else: only in theory).
"""
import collections
import os
import shutil

from recording import apply_data, apply_name, tree

WHOLE, ABSENT, HALF, ZEROS, JUNK = "there", "absent", "torn", "zeros", "junk"
LEFT, CAME = "half: only left", "half: only came"  # of a rename; only where a rename is not atomic


class Crash:
    """The moment before operation `k`: what is pending then, and the states that it may leave."""

    def __init__(self, recording, k, split=False):
        self.recording, self.k, self.split = recording, k, split
        ops = recording.ops[:k]
        durable = [set() for _ in ops]  # of each: what of it is durable, by number
        self.floor_b, self.floor_c = set(), 0
        for op in ops:
            if op.kind != "sync":
                continue
            inode, covers = op.effect
            self.floor_c = max(self.floor_c, covers)
            for i in range(covers):
                if ops[i].kind == "data" and inode in (None, ops[i].effect[0]):
                    durable[i].add(0)
                elif ops[i].kind == "names":
                    changes = ops[i].effect
                    hit = {n for n, c in enumerate(changes) if inode in (None, c[0])}
                    if hit and 0 not in hit and not split:  # the place that it left was synced: it is not lost
                        hit.add(0)
                    durable[i] |= hit
                    if inode in (c[2] for c in changes if c[2] is not None):
                        self.floor_b.add(i)
        for i in recording.elsewhere:
            if i < k:
                durable[i] = set(range(max(1, len(ops[i].effect) if ops[i].kind == "names" else 1)))
        self.durable = durable
        self.pending = [i for i, op in enumerate(ops) if op.kind == "data" and not durable[i]
                        or op.kind == "names" and len(durable[i]) < len(op.effect)]

    def build(self, choice):
        """The tree of one choice: {pending operation: WHOLE, ABSENT, …}."""
        return self.tree_of(*self.changed(choice))

    def tree_of(self, octets_of, names_of):
        r = self.recording
        files, dirs = r.at_first()
        return tree(files | octets_of, dirs | names_of, r.modes, r.top)

    def changed(self, choice):
        """What files and directories have, of those that are not as they were at first."""
        r = self.recording
        files, dirs = r.at_first()
        octets_of, names_of = Changed(files, bytearray), Changed(dirs, dict)
        for i, op in enumerate(r.ops[:self.k]):
            how = choice.get(i, WHOLE)
            if op.kind == "names":
                for n, (directory, name, inode) in enumerate(op.effect):
                    if how == WHOLE or n in self.durable[i] or how == (LEFT if n else CAME):
                        apply_name(names_of[directory], name, inode)
            elif op.kind == "data" and how != ABSENT:
                inode, offset, what = op.effect
                if offset is not None and how != WHOLE:
                    half = len(what) // 2
                    what = {HALF: what[:half], ZEROS: what[:half] + bytes(len(what) - half) if len(what) > 4096 else bytes(len(what)),
                            JUNK: what[:half] + bytes((b * 167 + 91) & 255 for b in what[half:])}[how]
                apply_data(octets_of[inode], offset, what)
        return octets_of, names_of

    def choices(self, chance, n_random, n_alone=3):
        """A sample of what may be there: the edges, each change alone, prefixes, and chance."""
        p, ops = self.pending, self.recording.ops
        data = [i for i in p if ops[i].kind == "data"]
        yield {i: ABSENT for i in p}
        yield {}
        for i in p:
            yield {i: ABSENT}
            yield {j: ABSENT for j in p if j != i}
        for n in range(1, len(p)):
            yield {i: ABSENT for i in p[n:]}
        names = [i for i in p if ops[i].kind == "names"]
        for n in range(len(names) + 1):  # what a journal shows: names up to some moment, and of contents what happened to be written
            late = {i: ABSENT for i in names[n:]}
            for how in (WHOLE, ABSENT, ZEROS):
                yield late | {i: how for i in data}
                for i in data[-n_alone:]:
                    yield late | {i: how} | {j: WHOLE if how != WHOLE else ABSENT for j in data if j != i}
        for how in (ABSENT, HALF, ZEROS, JUNK):
            yield {i: how for i in data}
            for i in data:
                yield {i: how}
                yield {j: how if j == i else ABSENT for j in p if j >= i}
        renames = [i for i in p if ops[i].kind == "names" and len(ops[i].effect) == 2] if self.split else []
        for how in (LEFT, CAME):
            for i in renames:
                yield {i: how}
        if len(p) <= 6:  # all of them
            for mask in range(1 << len(p)):
                yield {i: ABSENT for n, i in enumerate(p) if mask >> n & 1}
        for _ in range(n_random if len(p) > 1 else 0):
            share = chance.choice((0.2, 0.5, 0.8))
            yield {i: ABSENT if ops[i].kind == "names" else chance.choice((ABSENT, ABSENT, HALF, ZEROS, JUNK))
                   for i in p if chance.random() < share}

    def models(self, choice):
        """Which kinder models show this state as well."""
        ops = self.recording.ops
        names = [i for i in self.pending if ops[i].kind == "names"]
        gone = {i for i in names if choice.get(i, WHOLE) != WHOLE}
        shown = ["A"]
        if any(choice.get(i) in (LEFT, CAME) for i in names):
            return "split"
        if not gone & self.floor_b:
            shown.append("B")
            if is_prefix([i not in gone for i in names if i not in self.floor_b]):
                shown.append("D")
        if not any(i < self.floor_c for i in gone) and is_prefix([i not in gone for i in names]):
            shown.append("C")
        by_file = collections.defaultdict(list)
        for i in self.pending:
            if ops[i].kind == "data":
                by_file[ops[i].effect[0]].append(choice.get(i, WHOLE))
        if all(is_prefix([h == WHOLE for h in hows]) and sum(h not in (WHOLE, ABSENT) for h in hows) <= 1 for hows in by_file.values()):
            shown.append("data")
        return " ".join(sorted(shown))

    def tell(self, choice):
        ops = self.recording.ops
        lines = [f"before: {ops[self.k].about if self.k < len(ops) else 'the end'}"]
        lines += [f"{choice[i]:>7}: {ops[i].about}" for i in self.pending if choice.get(i, WHOLE) != WHOLE]
        return lines + [f"  there: {ops[i].about}" for i in self.pending if choice.get(i, WHOLE) == WHOLE]


class Changed(dict):
    """Copies of what is changed."""

    def __init__(self, before, kind):
        self.before, self.kind = before, kind

    def __missing__(self, key):
        self[key] = self.kind(self.before[key])
        return self[key]


def is_prefix(flags):
    return all(a or not b for a, b in zip(flags, flags[1:]))


def materialise(root, files, when):
    """The files for real, last changed then."""
    shutil.rmtree(root, ignore_errors=True)
    os.mkdir(root)
    for path in sorted(files):
        mode, octets = files[path]
        full = os.path.join(root, path) if path else root
        if octets is None:
            os.makedirs(full, exist_ok=True)
            os.chmod(full, mode)
        else:
            fd = os.open(full, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            os.write(fd, octets) if octets else None
            os.fchmod(fd, mode)
            os.utime(fd, (when, when))
            os.close(fd)


def mark(octets_of, names_of):
    """Tells choices apart that change different things: much less work than their trees. Others may be the same disk."""
    return hash((frozenset((i, bytes(b)) for i, b in octets_of.items()), frozenset((i, frozenset(d.items())) for i, d in names_of.items())))


def digest(files):
    """What tells contents apart, in this process: octets that are shared by disks are looked at once."""
    return hash(frozenset((path, octets) for path, (_, octets) in files.items()))
