/*
 * Memory of one parsed page; see html_memory.h. What is given back is taken again for the next
 * piece of the same size, so a page takes little more than it does with malloc.
 */
#include "markup/html_memory.h"

#include <glib.h>
#include <sanitizer/asan_interface.h> /* which sees what the parser oversteps; else it is nothing */

enum {
    STEP = 16,         /* bytes by which sizes grow, up to STEP * STEPS; above they double */
    STEPS = 32,        /* of them */
    CLASSES = 96,      /* of sizes */
    CHUNK = 64 * 1024, /* bytes that are taken from the system */
};

/* The head of each piece; its alignment is malloc's. */
typedef struct Piece {
    struct Piece *next; /* given back before this one */
    gsize class;
} Piece;

struct HtmlMemory {
    GPtrArray *chunks;
    char *free; /* of the last chunk */
    gsize left;
    Piece *given_back[CLASSES];
};

HtmlMemory *
html_memory_new(void)
{
    HtmlMemory *memory = g_new0(HtmlMemory, 1);

    memory->chunks = g_ptr_array_new_with_free_func(g_free);
    return memory;
}

void
html_memory_free(HtmlMemory *memory)
{
    g_ptr_array_unref(memory->chunks);
    g_free(memory);
}

/* The class of a size, which becomes that of its pieces. */
static gsize
size_class(gsize *size)
{
    const gsize small = STEP * STEPS;

    if (*size <= small) {
        *size = MAX((*size + STEP - 1) / STEP, 1) * STEP;
        return *size / STEP;
    }
    guint bits = g_bit_storage((*size - 1) / small);
    *size = small << bits;
    return STEPS + bits;
}

static gsize
size_of(gsize class)
{
    return class <= STEPS ? class * STEP : (gsize)(STEP * STEPS) << (class - STEPS);
}

static char *
take_raw(HtmlMemory *memory, gsize size)
{
    if (size > memory->left) {
        gsize chunk = MAX(size, CHUNK);

        memory->free = g_malloc(chunk);
        memory->left = chunk;
        ASAN_POISON_MEMORY_REGION(memory->free, chunk);
        g_ptr_array_add(memory->chunks, memory->free);
    }
    char *taken = memory->free;
    memory->free += size;
    memory->left -= size;
    return taken;
}

static void *
take(void *data, size_t size)
{
    HtmlMemory *memory = data;
    const gsize wanted = size;
    gsize class = size_class(&size);
    Piece *piece = memory->given_back[class];

    if (piece != NULL) {
        memory->given_back[class] = piece->next;
    } else {
        piece = (Piece *)take_raw(memory, sizeof *piece + size);
        ASAN_UNPOISON_MEMORY_REGION(piece, sizeof *piece);
        piece->class = class;
    }
    ASAN_UNPOISON_MEMORY_REGION(piece + 1, wanted);
    return piece + 1;
}

static void
give_back(void *data, void *taken)
{
    HtmlMemory *memory = data;

    if (taken == NULL)
        return;
    Piece *piece = (Piece *)taken - 1;
    piece->next = memory->given_back[piece->class];
    memory->given_back[piece->class] = piece;
    ASAN_POISON_MEMORY_REGION(piece + 1, size_of(piece->class));
}

GumboOptions
html_memory_options(HtmlMemory *memory)
{
    GumboOptions options = kGumboDefaultOptions;

    options.allocator = take;
    options.deallocator = give_back;
    options.userdata = memory;
    return options;
}
