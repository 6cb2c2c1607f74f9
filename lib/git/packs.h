/*
 * Few packs of many, in time that grows with the small ones. `git repack --geometric` looks for
 * what the names of files are, and reads the large packs for it, which it leaves as they are: at a
 * million threads three quarters of a minute for sixty packs of a comment each.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Makes one pack of the small ones of the repository at `path`, so that of those that stay each has
 * twice the octets of the next smaller one, and that twice those of the new one, as git repack
 * --geometric=2 counts objects. That one does it where no pack stays that is twice as large as the
 * new one, or where there is something that this does not know (an index over many packs, say). A
 * pack with a .keep is left as it is, also where that comes meanwhile.
 *
 * A pack goes only once all of its objects are in the new one, which is in its place and synced: a
 * kill anywhere leaves them twice, at worst. Who reads meanwhile finds an object in either. The
 * caller holds the lock of objects/pack; `seconds` is what git may take.
 */
bool mp_packs_join(const char *path, int seconds, GError **error);
