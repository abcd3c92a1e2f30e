/* See bridge/characters.py. */

#include <stddef.h>

enum { ASCII, BEYOND_ASCII, REFUSED };
enum { BLOCK = 4096 }; /* fixed, so that the compiler looks at many bytes at a time */

struct seen {
    unsigned char control; /* neither tab, LF nor CR */
    unsigned char ef;      /* what U+F000 to U+FFFF begin with */
    unsigned char any;     /* all bits of all bytes */
};

static inline struct seen look_through(const unsigned char *text, size_t length)
{
    struct seen seen = {0, 0, 0};
    for (size_t i = 0; i < length; i++) {
        unsigned char c = text[i];
        seen.control |= (unsigned char)((c < 0x20) & (c != '\t') & (c != '\n') & (c != '\r'));
        seen.ef |= (unsigned char)(c == 0xEF);
        seen.any |= c;
    }
    return seen;
}

/* Whether a character that begins in a block, but may end behind it, is U+FFFE or U+FFFF: EF BF BE, EF BF BF. */
static int has_no_character(const unsigned char *text, size_t block, size_t length)
{
    for (size_t i = 0; i < block && i + 2 < length; i++)
        if (text[i] == 0xEF && text[i + 1] == 0xBF && (text[i + 2] | 1) == 0xBF)
            return 1;
    return 0;
}

static int kind_of(const char *bytes, size_t length)
{
    const unsigned char *text = (const unsigned char *)bytes;
    unsigned char any = 0;
    for (size_t at = 0; at < length; at += BLOCK) {
        size_t left = length - at, block = left < BLOCK ? left : BLOCK;
        struct seen seen = block == BLOCK ? look_through(text + at, BLOCK) : look_through(text + at, block);
        if (seen.control || (seen.ef && has_no_character(text + at, block, left)))
            return REFUSED;
        any |= seen.any;
    }
    return any < 0x80 ? ASCII : BEYOND_ASCII;
}
