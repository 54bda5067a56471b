#include "check.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

// Loss: of itself, of the mean |logsumexp| or of a unit, whichever is largest. Gradient: of the element, or of a
// twentieth of the largest in its row (in the whole array for binary), as bench/check.ts has it.
#define LOSS_BOUND 2e-7
#define GRADIENT_BOUND 2e-6
#define MOST 140000

static uint32_t state;
static double uniform(void) {
  state = state * 1664525u + 1013904223u;
  return (state + 0.5) / 4294967296.0;
}
static double normal(double deviation) {
  const double radius = sqrt(-2 * log(uniform()));
  return deviation * radius * cos(6.283185307179586 * uniform());
}

static float x[MOST], y[MOST], gradient[MOST];
static int32_t targets[MOST];
static double exact[MOST];

// NaN is right exactly where NaN is expected.
static double error(double got, double want, double floor) {
  if (isnan(want)) return isnan(got) ? 0 : INFINITY;
  if (got == want) return 0;
  const double e = fabs(got - want) / fmax(fabs(want), floor);
  return isnan(e) ? INFINITY : e;
}

static double gradientError(long from, long n, double largest) {
  double worst = 0;
  for (long j = from; j < from + n; j++) largest = fmax(largest, fabs(exact[j]));
  for (long j = from; j < from + n; j++) worst = fmax(worst, error(gradient[j], exact[j], fmax(largest / 20, FLT_MIN)));
  return worst;
}

static double exactRow(const float *row, long n, int32_t target, double rows, double *g, double *size) {
  double max = -INFINITY, sum = 0, others = 0;
  for (long j = 0; j < n; j++) max = row[j] <= max ? max : row[j];
  for (long j = 0; j < n; j++) sum += g[j] = exp(row[j] - max);
  for (long j = 0; j < n; j++) {
    g[j] /= sum * rows;
    if (j != target) others += g[j];
  }
  g[target] = -others;
  *size += fabs(log(sum) + max) / rows;
  return log(sum) - (row[target] - max);
}

typedef struct {
  double loss, gradient;
  int failures;
} Worst;

static void judge(Worst *w, const Kernels *set, const char *what, long rows, long classes, double loss, double grad) {
  w->loss = fmax(w->loss, loss);
  w->gradient = fmax(w->gradient, grad);
  if (loss <= LOSS_BOUND && grad <= GRADIENT_BOUND) return;
  w->failures++;
  printf("FAILED %s %s %ldx%ld: loss off by %.1e, gradient by %.1e\n", set->name, what, rows, classes, loss, grad);
}

// What is put into a few of the logits.
typedef struct {
  const char *name;
  double deviation, offset;
  float odd[3]; // 0: none
} Kind;

static const Kind KINDS[] = {
    {"normal", 4, 0, {0, 0, 0}},
    {"small", 0.01, 0, {0, 0, 0}},
    {"offset 60", 4, 60, {0, 0, 0}},
    {"offset -85", 2, -85, {0, 0, 0}},
    {"offset 1000", 4, 1000, {0, 0, 0}},
    {"large", 100, 0, {0, 0, 0}},
    {"masked", 4, 0, {-INFINITY, -INFINITY, -1e30f}},
    {"NaN", 4, 0, {NAN, 0, 0}},
    {"infinite", 4, 0, {INFINITY, 0, -INFINITY}},
    {"huge", 4, 0, {3e38f, -3e38f, 1e10f}},
};

static void fill(const Kind *kind, long n) {
  for (long i = 0; i < n; i++) x[i] = (float)(kind->offset + normal(kind->deviation));
  for (int k = 0; k < 3; k++)
    if (kind->odd[k] != 0) x[(long)(uniform() * (double)n)] = kind->odd[k];
}

int check(const Kernels *set) {
  static const long SHAPES[][2] = {{1, 1},  {3, 2},   {5, 3},   {7, 4},     {9, 5},   {6, 7},  {13, 8},
                                   {1, 10}, {64, 10}, {250, 9}, {33, 16},   {31, 17}, {5, 31}, {9, 64},
                                   {4, 65}, {3, 127}, {8, 1000}, {3, 1031}, {2, 4099}, {1, 128256}};
  Worst softmax = {0, 0, 0}, binary = {0, 0, 0};
  state = 20261121;
  for (size_t k = 0; k < sizeof KINDS / sizeof *KINDS; k++) {
    for (size_t s = 0; s < sizeof SHAPES / sizeof *SHAPES; s++) {
      const long rows = SHAPES[s][0], classes = SHAPES[s][1];
      fill(&KINDS[k], rows * classes);
      for (long r = 0; r < rows; r++) targets[r] = (int32_t)(uniform() * (double)classes);
      const double forward = set->crossEntropy(x, targets, rows, classes, NULL);
      gradient[rows * classes] = 42; // written beyond the end?
      const double loss = set->crossEntropy(x, targets, rows, classes, gradient);
      double want = 0, size = 1, worst = gradient[rows * classes] == 42 ? 0 : INFINITY;
      for (long r = 0; r < rows; r++) {
        want += exactRow(x + r * classes, classes, targets[r], (double)rows, exact + r * classes, &size);
      }
      for (long r = 0; r < rows; r++) worst = fmax(worst, gradientError(r * classes, classes, 0));
      want /= (double)rows;
      const double off = fmax(error(loss, want, size), error(forward, want, size));
      judge(&softmax, set, KINDS[k].name, rows, classes, off, worst);
    }
    for (long n = 1; n < 70000; n = n * 3 / 2 + 1) {
      fill(&KINDS[k], n);
      // Soft labels may come close to the sigmoid, and a difference of two numbers near 1 is not known better than
      // float32 has them: there the bound is 3e-7 of 1/n where 2e-6 of the element is less.
      const int soft = n % 2;
      for (long i = 0; i < n; i++) y[i] = soft ? (float)uniform() : uniform() < 0.5;
      const double forward = set->binary(x, y, n, NULL);
      gradient[n] = 42;
      const double loss = set->binary(x, y, n, gradient);
      double want = 0;
      for (long i = 0; i < n; i++) {
        const double v = x[i], e = exp(-fabs(v));
        want += (v > 0 ? v * (1.0 - y[i]) : -v * y[i]) + log1p(e);
        exact[i] = ((v < 0 ? e : 1) / (1 + e) - y[i]) / (double)n;
      }
      want /= (double)n;
      judge(&binary, set, KINDS[k].name, n, 1, fmax(error(loss, want, 1), error(forward, want, 1)),
            gradient[n] == 42 ? gradientError(0, n, soft ? 3 / (double)n : 0) : INFINITY);
    }
  }
  printf("%s: cross-entropy loss %.1e gradient %.1e, binary loss %.1e gradient %.1e, %d failures\n", set->name,
         softmax.loss, softmax.gradient, binary.loss, binary.gradient, softmax.failures + binary.failures);
  return softmax.failures + binary.failures;
}
