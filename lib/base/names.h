/* Tables of names in the order of an enumeration. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The index of a name in a table of them, which a NULL may end, or -1. */
int mp_find_name(const char *const *names, gsize n_names, const char *name);

/*
 * Defines the two functions between an enumeration and its table of names, which their header
 * declares: `const char *STEM_name(Type value)`, and `bool STEM_parse(const char *name, Type
 * *value)`, which is false and changes nothing where there is no such name.
 */
#define MP_DEFINE_NAMES(stem, Type, names)                                                         \
    const char *stem##_name(Type value)                                                            \
    {                                                                                              \
        return (names)[value];                                                                     \
    }                                                                                              \
    bool stem##_parse(const char *name, Type *value)                                               \
    {                                                                                              \
        int i = mp_find_name((names), G_N_ELEMENTS(names), name);                                  \
                                                                                                   \
        if (i >= 0)                                                                                \
            *value = (Type)i;                                                                      \
        return i >= 0;                                                                             \
    }
