/* See bridge/aws/publish_batch.py: what is written as it is, and the rest as a plus or as a percent sign and two digits. */

#include <stddef.h>

static const char SAFE[256] = {
    ['-'] = 1, ['.'] = 1, ['_'] = 1, ['~'] = 1,
    ['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1, ['7'] = 1, ['8'] = 1, ['9'] = 1,
    ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1, ['G'] = 1, ['H'] = 1, ['I'] = 1, ['J'] = 1,
    ['K'] = 1, ['L'] = 1, ['M'] = 1, ['N'] = 1, ['O'] = 1, ['P'] = 1, ['Q'] = 1, ['R'] = 1, ['S'] = 1, ['T'] = 1,
    ['U'] = 1, ['V'] = 1, ['W'] = 1, ['X'] = 1, ['Y'] = 1, ['Z'] = 1,
    ['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1, ['f'] = 1, ['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1,
    ['k'] = 1, ['l'] = 1, ['m'] = 1, ['n'] = 1, ['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1, ['s'] = 1, ['t'] = 1,
    ['u'] = 1, ['v'] = 1, ['w'] = 1, ['x'] = 1, ['y'] = 1, ['z'] = 1,
};

/* Bytes that a text takes when it is quoted. */
static size_t quoted_length(const char *text, size_t length)
{
    size_t taken = 0;
    for (size_t i = 0; i < length; i++)
        taken += SAFE[(unsigned char)text[i]] || text[i] == ' ' ? 1 : 3;
    return taken;
}

/* Writes that many. */
static void quote(const char *text, size_t length, char *into)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (SAFE[c]) {
            *into++ = (char)c;
        } else if (c == ' ') {
            *into++ = '+';
        } else {
            *into++ = '%';
            *into++ = digits[c >> 4];
            *into++ = digits[c & 15];
        }
    }
}
