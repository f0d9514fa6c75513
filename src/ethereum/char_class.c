#include "ethereum/char_class.h"

/* What each kind of character belongs to, from narrow to wide. */
#define QUERY (SR_CHAR_QUERY | SR_CHAR_STATEMENT)
#define PATH (SR_CHAR_PATH | QUERY)
#define SEGMENT (SR_CHAR_SEGMENT | PATH)
#define USER (SR_CHAR_USER | SEGMENT)
#define NAME (SR_CHAR_NAME | USER)
#define LETTER (SR_CHAR_ALNUM | SR_CHAR_SCHEME | SR_CHAR_ABILITY | NAME)
#define DIGIT (SR_CHAR_DIGIT | SR_CHAR_HEX | LETTER)

const guint16 sr_char_classes[256] = {
    ['0' ... '9'] = DIGIT,
    ['A' ... 'F'] = SR_CHAR_HEX | LETTER,
    ['G' ... 'Z'] = LETTER,
    ['a' ... 'f'] = SR_CHAR_HEX | LETTER,
    ['g' ... 'z'] = LETTER,
    /* unreserved */
    ['-'] = SR_CHAR_SCHEME | SR_CHAR_ABILITY | NAME,
    ['.'] = SR_CHAR_SCHEME | SR_CHAR_ABILITY | NAME,
    ['_'] = SR_CHAR_ABILITY | NAME,
    ['~'] = NAME,
    /* sub-delims */
    ['+'] = SR_CHAR_SCHEME | SR_CHAR_ABILITY | NAME,
    ['*'] = SR_CHAR_ABILITY | NAME,
    ['!'] = NAME,
    ['$'] = NAME,
    ['&'] = NAME,
    ['\''] = NAME,
    ['('] = NAME,
    [')'] = NAME,
    [','] = NAME,
    [';'] = NAME,
    ['='] = NAME,
    /* gen-delims and the space of a statement */
    [':'] = USER,
    ['@'] = SEGMENT,
    ['/'] = PATH,
    ['?'] = QUERY,
    ['#'] = SR_CHAR_STATEMENT,
    ['['] = SR_CHAR_STATEMENT,
    [']'] = SR_CHAR_STATEMENT,
    [' '] = SR_CHAR_STATEMENT,
};
