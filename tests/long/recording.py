"""What a run does to its files, recorded: strace's lines as operations on a model of them.

Each operation can be left out or done in part when a disk is built from them (disks.py). After a
recording the model's files are compared with the real ones, so a call that it does not know stops
the test. Not modelled: times and modes that change, symbolic links, mmap, the order of pages in one write.
"""
import collections
import os
import re
import subprocess

CALLS = ("openat,open,creat,read,write,pwrite64,writev,pwritev,ftruncate,truncate,fsync,fdatasync,sync,syncfs,sync_file_range,"
         "rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir,symlink,symlinkat,fallocate,"
         "copy_file_range,sendfile,lseek")
NOT_MODELLED = {"writev", "pwritev", "sync_file_range", "symlink", "symlinkat", "copy_file_range", "sendfile", "truncate"}
IGNORED = "data/log/"  # nobody recovers from a log
ELSEWHERE = "remote/"  # the server's


def unhex(text):
    return bytes.fromhex(text.replace("\\x", ""))


def arguments(text):
    """The arguments of a call: octets for a string, (number, path) for a descriptor, text for others."""
    found = []
    for part in re.finditer(r'"((?:\\x[0-9a-f]{2})*)"(?:\.\.\.)?|(AT_FDCWD|\d+)<([^>]*)>|([^,\s\[\]{}]+)|([\[{][^\]}]*[\]}])', text):
        if part[1] is not None:
            found.append(unhex(part[1]))
        elif part[2] is not None:
            path = re.sub(r"(?:\\x[0-9a-f]{2})+", lambda m: unhex(m[0]).decode(errors="surrogateescape"), part[3])
            found.append((part[2], path))
        else:
            found.append(part[4] or part[5])
    return found


def calls_of(path):
    """(name, arguments, result, how many calls had ended when it began, where its process is), in the order in which they ended."""
    begun, ended, places = {}, 0, {}
    with open(path, errors="replace") as f:
        for line in f:
            task, _, rest = line.rstrip("\n").partition(" ")
            rest = rest.lstrip()
            since = ended
            if rest.endswith("<unfinished ...>"):
                begun[task] = (rest[:-len("<unfinished ...>")], ended)
                continue
            resumed = re.match(r"<\.\.\. \w+ resumed>(.*)", rest)
            if resumed:
                head, since = begun.pop(task)
                rest = head + resumed[1]
            found = re.match(r"(\w+)\((.*)\)\s+= (-?\d+)(.*)", rest)
            if found and not found[3].startswith("-"):
                args = arguments(found[2])
                places[task] = next((a[1] for a in args if isinstance(a, tuple) and a[0] == "AT_FDCWD"), places.get(task, "/"))
                yield found[1], args, int(found[3]), found[4], since, places[task]
                ended += 1


Op = collections.namedtuple("Op", "kind about effect")
# data: (inode, offset or None for a cut, octets or length)   names: [(directory, name, inode or None)]
# sync: (inode or None for all, number of operations that it covers)


class Recording:
    """The files below `root` before, and the operations on them since."""

    def __init__(self, root):
        self.root = root
        self.files, self.dirs, self.modes = {}, {}, {}  # inode: octets; {name: inode}; what it was made with
        self.folders = set()  # the inodes that are directories
        self.ops, self.next, self.at = [], 1, {}
        self.writers = {}  # inode: the descriptor whose place `at` has
        self.elsewhere = set()  # operations that another machine did: no power cut here undoes them
        self.top = self.scan(root)
        self.first = ({i: bytes(b) for i, b in self.files.items()}, {i: dict(d) for i, d in self.dirs.items()})

    def new(self, mode, is_dir=False):
        inode, self.next = self.next, self.next + 1
        self.modes[inode] = mode
        if is_dir:
            self.folders.add(inode)
        (self.dirs if is_dir else self.files)[inode] = {} if is_dir else bytearray()
        return inode

    def scan(self, path):
        inode = self.new(os.stat(path).st_mode & 0o7777, True)
        for entry in os.scandir(path):
            if os.path.relpath(entry.path, self.root) + "/" == IGNORED:
                self.dirs[inode][entry.name] = self.new(0o755, True)
            elif entry.is_dir():
                self.dirs[inode][entry.name] = self.scan(entry.path)
            else:
                self.dirs[inode][entry.name] = file = self.new(entry.stat().st_mode & 0o7777)
                with open(entry.path, "rb") as f:
                    self.files[file][:] = f.read()
        return inode

    def rewind(self):
        """The files in memory, as the operations that are left made them."""
        files, dirs = self.at_first()
        self.files, self.dirs = {i: bytearray(b) for i, b in files.items()}, {i: dict(d) for i, d in dirs.items()}
        for op in self.ops:
            if op.kind == "data":
                apply_data(self.files[op.effect[0]], *op.effect[1:])
            elif op.kind == "names":
                for directory, name, inode in op.effect:
                    apply_name(self.dirs[directory], name, inode)

    def at_first(self):
        """The files and directories before the first operation; those made since are empty. Each is to be copied before it is changed."""
        return {i: self.first[0].get(i, b"") for i in self.modes if i not in self.folders}, {i: self.first[1].get(i, {}) for i in self.folders}

    def find(self, path):
        """(directory, name, inode or None) of a path below root; None for one elsewhere."""
        path = os.path.normpath(path)
        if path != self.root and not path.startswith(self.root + "/"):
            return None
        relative = os.path.relpath(path, self.root)
        if relative.startswith(IGNORED):
            return None
        directory, name, inode = None, None, self.top
        for name in [] if relative == "." else relative.split("/"):
            directory, inode = inode, self.dirs[inode].get(name) if inode in self.dirs else None
        return directory, name, inode

    def at_path(self, base, name):
        return self.find(os.path.join(base[1] if base else self.place, name.decode()))

    # Each changes the files as they are in memory, and remembers how.

    def data(self, inode, offset, what, about):
        self.note_place(about)
        self.ops.append(Op("data", about, (inode, offset, what)))
        apply_data(self.files[inode], offset, what)

    def note_place(self, about):
        if re.match(rf"(\w+ )+{ELSEWHERE}", about):
            self.elsewhere.add(len(self.ops))

    def names(self, changes, about):
        self.note_place(about)
        self.ops.append(Op("names", about, changes))
        for directory, name, inode in changes:
            apply_name(self.dirs[directory], name, inode)

    def sync(self, inode, covers, about):
        self.ops.append(Op("sync", about, (inode, covers)))

    def run(self, command, variables):
        """Runs a command to its end under strace and takes its operations; raises where the model goes another way."""
        path = self.root + ".strace"
        set_variables = [word for name, value in variables.items() for word in ("-E", f"{name}={value}")]
        done = subprocess.run(["strace", "-f", "-qq", "-y", "-xx", "-s", "9999999", "-o", path, "-e", "trace=" + CALLS, *set_variables, *command],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{command}: status {done.returncode}: {done.stderr}")
        self.take(path)

    def compare(self):
        """Raises where the files in memory are not those on the disk."""
        model, real = tree(self.files, self.dirs, self.modes, self.top), snapshot(self.root)
        for path in sorted(set(model) | set(real)):
            if (path in model) != (path in real) or model[path][1] != real[path][1]:
                raise RuntimeError(f"the recording is not what happened: {path}")

    def take(self, path):
        """What strace wrote, as operations. Raises where it says what the model does not know."""
        counts = [len(self.ops)]  # of operations, when so many calls had ended
        for name, args, result, rest, since, self.place in calls_of(path):
            self.call(name, args, result, rest, counts[since])
            counts.append(len(self.ops))

    def call(self, name, args, result, rest, covers):
        path_at = {"open": (None, 0), "creat": (None, 0), "openat": (0, 1)}
        if name in path_at:
            base, which = path_at[name]
            self.opened(self.at_path(args[base] if base is not None else None, args[which]), args[which + 1], args[which + 2:], result)
        elif name in ("read", "write", "pwrite64", "ftruncate", "fallocate", "fsync", "fdatasync", "syncfs", "lseek") or name in NOT_MODELLED:
            at = self.find(args[0][1].removesuffix(" (deleted)")) if isinstance(args[0], tuple) else None
            if at is None or at[2] is None:
                return
            self.on_file(name, at, args, result, covers)
        elif name in ("rename", "renameat", "renameat2", "link", "linkat"):
            split = name in ("rename", "link")
            old = self.at_path(None if split else args[0], args[0 if split else 1])
            new = self.at_path(None if split else args[2], args[1 if split else 3])
            if old is not None and new is not None:
                about = f"{name} {self.tell(old)} → {self.tell(new)}"
                gone = [] if "link" in name else [(old[0], old[1], None)]
                self.names([(new[0], new[1], old[2]), *gone], about)
        elif name in ("unlink", "unlinkat", "rmdir", "mkdir", "mkdirat"):
            at = self.at_path(args[0], args[1]) if name.endswith("at") else self.at_path(None, args[0])
            if at is not None:
                made = self.new(0o750, True) if name.startswith("mkdir") else None
                self.names([(at[0], at[1], made)], f"{name} {self.tell(at)}")
        elif name == "sync":
            self.sync(None, covers, "sync")

    def opened(self, at, flags, mode, result):
        if at is None:
            return
        directory, name, inode = at
        if "O_CREAT" in flags and inode is None:
            inode = self.new(int(mode[0], 8) & ~0o022 if mode else 0o644)
            self.names([(directory, name, inode)], f"create {self.tell(at)}")
        elif "O_TRUNC" in flags and self.files[inode]:
            self.data(inode, None, 0, f"cut {self.tell(at)}")
        if inode in self.files and "O_RDONLY" not in flags:  # who only reads moves nobody's place
            self.at[inode] = None if "O_APPEND" in flags else 0
            self.writers[inode] = str(result)

    def on_file(self, name, at, args, result, covers):
        inode, shown = at[2], self.tell(at)
        if name in ("fsync", "fdatasync"):
            self.sync(inode, covers, f"{name} {shown}")
        elif name == "syncfs":
            self.sync(None, covers, "syncfs")
        elif name == "ftruncate":
            self.data(inode, None, int(args[1]), f"cut {shown} to {args[1]}")
        elif name == "fallocate" and "FALLOC_FL_KEEP_SIZE" in str(args[1]):
            pass  # room behind the end of the file, and nothing in it
        elif name in ("write", "pwrite64"):
            appends = self.at.get(inode) is None
            offset = int(args[3]) if name == "pwrite64" else len(self.files[inode]) if appends else self.at[inode]
            self.data(inode, offset, args[1][:result], f"write {shown}, {result} octets at {offset}")
            if name == "write" and not appends:
                self.at[inode] = offset + result
        elif name == "read":
            if self.at.get(inode) is not None and self.writers[inode] == args[0][0]:
                self.at[inode] += result
        elif name == "lseek":
            if self.at.get(inode) is not None:
                self.at[inode] = result
        else:
            raise RuntimeError(f"{name} on {shown}: the model does not know it")

    def tell(self, at):
        directory, name, _ = at
        return os.path.join(self.path_of(directory), name) if directory is not None else "."

    def path_of(self, inode):
        stack = [(self.top, "")]
        while stack:
            here, path = stack.pop()
            if here == inode:
                return path
            stack += [(i, os.path.join(path, n)) for n, i in self.dirs[here].items() if i in self.dirs]
        return "?"


def apply_data(octets, offset, what):
    if offset is None:
        if what < len(octets):
            del octets[what:]
        octets.extend(bytes(what - len(octets)))
    else:
        octets.extend(bytes(max(0, offset - len(octets))))
        octets[offset:offset + len(what)] = what


def apply_name(directory, name, inode):
    if inode is None:
        directory.pop(name, None)
    else:
        directory[name] = inode


def tree(files, dirs, modes, top):
    """{path: (mode, octets or None for a directory)} of what can be reached."""
    found, stack = {}, [(top, "")]
    while stack:
        inode, path = stack.pop()
        found[path] = (modes[inode], None if inode in dirs else bytes(files[inode]))
        stack += [(i, os.path.join(path, n)) for n, i in dirs.get(inode, {}).items()]
    return found


def snapshot(root):
    found = {}
    for directory, folders, files in os.walk(root):
        relative = os.path.relpath(directory, root)
        relative = "" if relative == "." else relative
        if (relative + "/").startswith(IGNORED):
            folders[:] = []
            files = []
        found[relative] = (0, None)
        for name in files:
            with open(os.path.join(directory, name), "rb") as f:
                found[os.path.join(relative, name)] = (0, f.read())
    return found
