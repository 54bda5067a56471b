// ln(1 + e) for e in [0, 1]: with F = 1 + i/256, i = round(256·e), and f = (e − i/256)/F, |f| ≤ 1/512, it is
// ln F + ln(1 + f), the second by its series to degree 6. For e < 1/512, ln F = 0 and f = e: no digits are lost there.
// Relative error 4.4e-16 (test/kernels/exp.test.ts).

const PARTS = 256;
const LOGS = new Float64Array(PARTS + 1);
const INVERSES = new Float64Array(PARTS + 1);

/** Must have run once before log1pUnit. */
export function prepareLog(): void {
  if (INVERSES[0] === 1) return;
  for (let i = 0; i <= PARTS; i++) {
    LOGS[i] = Math.log1p(i / PARTS);
    INVERSES[i] = 1 / (1 + i / PARTS);
  }
}

/** l = ln(1 + e), n elements. */
export function log1pUnit(e: Float64Array, n: number, l: Float64Array): void {
  for (let j = 0; j < n; j++) {
    const i = (e[j] * PARTS + 0.5) | 0;
    const f = (e[j] - i / PARTS) * INVERSES[i];
    l[j] = LOGS[i] + f * (1 - f * (1 / 2 - f * (1 / 3 - f * (1 / 4 - f * (1 / 5 - f * (1 / 6))))));
  }
}
