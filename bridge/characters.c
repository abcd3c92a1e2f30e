/* See bridge/characters.py. */

#include <stddef.h>

enum { BLOCK = 4096 }; /* fixed, so that the compiler looks at many bytes at a time */

/* Whether there is a control character that is neither tab, LF nor CR; in `first` whether there is an EF. */
static int looked_through(const unsigned char *text, size_t length, unsigned char *first)
{
    unsigned char control = 0, found = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = text[i];
        control |= (unsigned char)((c < 0x20) & (c != '\t') & (c != '\n') & (c != '\r'));
        found |= (unsigned char)(c == 0xEF);
    }
    *first = found;
    return control;
}

/* Whether a character that begins in a block, but may end behind it, is U+FFFE or U+FFFF: EF BF BE, EF BF BF. */
static int has_no_character(const unsigned char *text, size_t begins_before, size_t length)
{
    for (size_t i = 0; i < begins_before && i + 2 < length; i++)
        if (text[i] == 0xEF && text[i + 1] == 0xBF && (text[i + 2] | 1) == 0xBF)
            return 1;
    return 0;
}

static int refused(const char *bytes, size_t length)
{
    const unsigned char *text = (const unsigned char *)bytes;
    for (size_t at = 0; at < length; at += BLOCK) {
        size_t left = length - at, block = left < BLOCK ? left : BLOCK;
        unsigned char first;
        int control = block == BLOCK ? looked_through(text + at, BLOCK, &first)
                                     : looked_through(text + at, block, &first);
        if (control || (first && has_no_character(text + at, block, left)))
            return 1;
    }
    return 0;
}
