#include <math.h>

#include "kernels.h"

double plainCrossEntropyRow(const float *x, int32_t target, long classes, double share, float *gradient) {
  double max = -INFINITY, sum = 0;
  for (long j = 0; j < classes; j++)
    if (!(x[j] <= max)) max = x[j];  // NaN stays
  for (long j = 0; j < classes; j++) sum += exp(x[j] - max);
  if (gradient) {
    for (long j = 0; j < classes; j++) gradient[j] = (float)(exp(x[j] - max) / sum * share);
    double others = 0;
    for (long j = 0; j < classes; j++)
      if (j != target) others += gradient[j];
    gradient[target] = (float)-others;
  }
  return log(sum) - (x[target] - max);
}

double plainBinary(const float *x, const float *y, long n, double share, float *gradient) {
  double total = 0;
  for (long i = 0; i < n; i++) {
    const double e = exp(-fabs((double)x[i]));
    total += (x[i] > 0 ? x[i] * (1.0 - y[i]) : -(double)x[i] * y[i]) + log1p(e);
    if (gradient) gradient[i] = (float)(((x[i] < 0 ? e : 1) / (1 + e) - y[i]) * share);
  }
  return total;
}
