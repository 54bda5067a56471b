#ifndef CHECK_H
#define CHECK_H

#include "kernels.h"

// Compares a set with float64 on seeded data of awkward shapes, prints the worst errors; returns how many cases fail.
int check(const Kernels *set);

#endif
