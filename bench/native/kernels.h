// What each instruction set offers. The arrays are dense; x and gradient have rows × classes elements.
#ifndef KERNELS_H
#define KERNELS_H

#include <stdint.h>

typedef struct {
  const char *name;
  // Mean loss over rows; the gradient of that mean is stored where `gradient` is not null.
  double (*crossEntropy)(const float *x, const int32_t *targets, long rows, long classes, float *gradient);
  // Mean loss over n elements with labels y in [0, 1].
  double (*binary)(const float *x, const float *y, long n, float *gradient);
  // Σ eˣ of n elements that the kernels' range check passed (the roofline's floor), and Σ x.
  double (*expSum)(const float *x, long n);
  double (*sum)(const float *x, long n);
} Kernels;

extern const Kernels kernels_sse41, kernels_fma128, kernels_avx2, kernels_avx512;

// The plain loops that rows with NaN, infinities or large logits go to.
double plainCrossEntropyRow(const float *x, int32_t target, long classes, double share, float *gradient);
double plainBinary(const float *x, const float *y, long n, double share, float *gradient);

#endif
