// A contender of the benchmark: reads requests as lines of words, answers each with a line of JSON. See README.md.
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "kernels.h"

static const Kernels *const SETS[] = {&kernels_sse41, &kernels_fma128, &kernels_avx2, &kernels_avx512};
#define SET_COUNT 4

static int supported(const Kernels *set) {
  if (set == &kernels_sse41) return __builtin_cpu_supports("sse4.1");
  if (set == &kernels_avx512) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  }
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void fail(const char *message) { printf("{\"error\": \"%s\"}\n", message); }

static void *allocate(size_t bytes) {
  void *p = aligned_alloc(64, (bytes + 127) / 64 * 64);
  if (!p) {
    fail("out of memory");
    exit(1);
  }
  return p;
}

static struct {
  const Kernels *set;
  int binary;
  long rows, classes, batch;
  float *logits, *labels, *gradient; // gradient null for mode forward
  int32_t *targets;
} job;

static double call(void) {
  return job.binary ? job.set->binary(job.logits, job.labels, job.rows * job.classes, job.gradient)
                    : job.set->crossEntropy(job.logits, job.targets, job.rows, job.classes, job.gradient);
}

// A result that the compiler has to make.
static volatile double kept;

static void *readFile(const char *folder, const char *name, size_t bytes) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  void *data = allocate(bytes);
  FILE *file = fopen(path, "rb");
  const size_t got = file ? fread(data, 1, bytes, file) : 0;
  if (file) fclose(file);
  if (got == bytes) return data;
  free(data);
  return NULL;
}

static void prepare(const char *folder, const char *kind, const char *mode, long rows, long classes,
                    const char *gradFile) {
  const size_t count = (size_t)rows * (size_t)classes;
  free(job.logits), free(job.labels), free(job.gradient), free(job.targets);
  job.labels = job.gradient = NULL;
  job.targets = NULL;
  job.binary = strcmp(kind, "binary") == 0;
  job.rows = rows, job.classes = classes, job.batch = 1;
  if (!job.binary && strcmp(kind, "crossEntropy") != 0) {
    job.logits = NULL;
    printf("{\"absent\": \"no kernel for %s\"}\n", kind);
    return;
  }
  job.logits = readFile(folder, "logits.f32", count * 4);
  if (job.binary) job.labels = readFile(folder, "labels.f32", count * 4);
  else job.targets = readFile(folder, "targets.i32", (size_t)rows * 4);
  if (!job.logits || (job.binary ? !job.labels : !job.targets)) {
    free(job.logits);
    job.logits = NULL;
    fail("the data cannot be read, or is shorter than rows and classes say");
    return;
  }
  for (long r = 0; !job.binary && r < rows; r++) {
    if (job.targets[r] < 0 || job.targets[r] >= classes) {
      free(job.logits);
      job.logits = NULL;
      fail("a target is not a class index");
      return;
    }
  }
  const int gradient = strcmp(mode, "gradient") == 0;
  if (gradient) job.gradient = allocate(count * 4);
  const double loss = call();
  if (gradient) {
    FILE *file = fopen(gradFile, "wb");
    const size_t put = file ? fwrite(job.gradient, 4, count, file) : 0;
    if (!file || fclose(file) != 0 || put != count) {
      fail("the gradient cannot be written");
      return;
    }
  }
  if (isfinite(loss)) printf("{\"loss\": %.17g}\n", loss);
  else fail("the loss is not finite");
}

static void warm(double ms, double sampleMs) {
  const double start = now();
  double best = INFINITY, before = start, after;
  do {
    kept = call();
    after = now();
    if (after - before < best) best = after - before;
    before = after;
  } while (after - start < ms * 1e6);
  // The clock's own time weighs on short calls: measure them again in batches.
  long batch = 1;
  for (;;) {
    before = now();
    for (long i = 0; i < batch; i++) kept = call();
    const double time = now() - before;
    if (time >= sampleMs * 1e6) break;
    batch = time < sampleMs * 1e5 ? batch * 8 : (long)((double)batch * sampleMs * 1e6 / time * 1.05) + 1;
  }
  job.batch = batch;
  printf("{\"batch\": %ld}\n", batch);
}

#define MOST_SAMPLES 65536

static void measureRound(double ms) {
  static double samples[MOST_SAMPLES];
  const double start = now();
  int count = 0;
  do {
    const double before = now();
    for (long i = 0; i < job.batch; i++) kept = call();
    samples[count++] = (now() - before) / (double)job.batch;
  } while (count < MOST_SAMPLES && (count < 3 || now() - start < ms * 1e6));
  qsort(samples, (size_t)count, sizeof *samples, ascending);
  const double median = (samples[(count - 1) / 2] + samples[count / 2]) / 2;
  printf("{\"median\": %.6g, \"min\": %.6g, \"samples\": %d, \"batch\": %ld}\n", median, samples[0], count, job.batch);
}

static void curve(long calls) {
  double *times = allocate((size_t)calls * sizeof(double));
  for (long i = 0; i < calls; i++) {
    const double before = now();
    kept = call();
    times[i] = now() - before;
  }
  printf("{\"times\": [");
  for (long i = 0; i < calls; i++) printf(i ? ", %.0f" : "%.0f", times[i]);
  printf("]}\n");
  free(times);
}

static void serve(void) {
  char line[8192];
  while (fgets(line, sizeof line, stdin)) {
    char folder[4096], kind[32], mode[32], gradFile[4096];
    long rows, classes;
    double a, b;
    if (sscanf(line, "prepare %4095s %31s %31s %ld %ld %4095s", folder, kind, mode, &rows, &classes, gradFile) == 6 &&
        rows > 0 && classes > 0) {
      prepare(folder, kind, mode, rows, classes, gradFile);
    } else if (!job.logits) {
      fail("expected prepare first");
    } else if (sscanf(line, "warm %lf %lf", &a, &b) == 2) {
      warm(a, b);
    } else if (sscanf(line, "round %lf", &a) == 1) {
      measureRound(a);
    } else if (sscanf(line, "curve %ld", &rows) == 1 && rows > 0) {
      curve(rows);
    } else {
      fail("expected prepare, warm, round or curve");
    }
    fflush(stdout);
  }
}

// Of the roofline: the exponentials of an array in the first-level cache summed, and a sum over memory.
static void floors(void) {
  const long cached = 4096, big = 1l << 28;
  float *x = allocate(sizeof(float) * (size_t)big);
  for (long i = 0; i < big; i++) x[i] = (float)(i % 61 - 30) / 8;
  for (int s = 0; s < SET_COUNT; s++) {
    if (!supported(SETS[s])) continue;
    double samples[51], read = INFINITY;
    for (int k = 0; k < 51; k++) {
      const double before = now();
      for (int i = 0; i < 1000; i++) kept = SETS[s]->expSum(x, cached);
      samples[k] = (now() - before) / (1000.0 * (double)cached);
    }
    qsort(samples, 51, sizeof *samples, ascending);
    for (int k = 0; k < 5; k++) {
      const double before = now();
      kept = SETS[s]->sum(x, big);
      if (now() - before < read) read = now() - before;
    }
    printf("{\"set\": \"%s\", \"expSum\": %.4f, \"expSumMin\": %.4f, \"readGBs\": %.2f}\n", SETS[s]->name, samples[25],
           samples[0], (double)big * 4 / read);
    fflush(stdout);
  }
  free(x);
}

int main(int count, char **words) {
  const char *word = count == 2 ? words[1] : "";
  if (strcmp(word, "--floor") == 0) {
    floors();
    return 0;
  }
  int failures = 0;
  for (int s = 0; s < SET_COUNT; s++) {
    if (!supported(SETS[s])) continue;
    if (strcmp(word, "--sets") == 0) puts(SETS[s]->name);
    if (strcmp(word, "--check") == 0) failures += check(SETS[s]);
    if (strcmp(word, SETS[s]->name) == 0) {
      job.set = SETS[s];
      serve();
      return 0;
    }
  }
  if (strcmp(word, "--sets") == 0 || strcmp(word, "--check") == 0) return failures > 0;
  fprintf(stderr, "usage: native SET | --sets | --check | --floor; this processor does not run \"%s\"\n", word);
  return 2;
}
