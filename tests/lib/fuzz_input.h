/*
 * fuzz_input - what a fuzz target is given, spelled out: 0xfe and a byte n stand for 64 * n
 * times 'a', so that a short input meets limits of many kilobytes.
 */
#ifndef TESTS_LIB_FUZZ_INPUT_H
#define TESTS_LIB_FUZZ_INPUT_H

#include "base/buf.h"

void fuzz_input(struct buf *out, struct str bytes);
/* Size of the next piece, 1 to 8 bytes or up to 1024; of a long input up to 4096, as byte
 * by byte takes too long. *seed goes on. */
size_t fuzz_piece(struct str rest, uint32_t *seed);

#endif
