/**
 * Whether relaxed multiply-add fuses here: (1 + 2⁻¹²)² − (1 + 2⁻¹¹) is 2⁻²⁴ with one rounding and 0 with two.
 *
 * An engine may have the instruction without the fusion; then it gains nothing over plain SIMD and costs an `or` of its
 * own. The module below, in text form:
 *
 * ```wat
 * (module (func (export "f") (param f32 f32 f32) (result f32)
 *   (f32x4.extract_lane 0 (f32x4.relaxed_madd
 *     (f32x4.splat (local.get 0)) (f32x4.splat (local.get 1)) (f32x4.splat (local.get 2))))))
 * ```
 */
const PROBE = new Uint8Array([
  0,
  97,
  115,
  109,
  1,
  0,
  0,
  0, // magic, version
  1,
  8,
  1,
  96,
  3,
  125,
  125,
  125,
  1,
  125, // type: (f32 f32 f32) → f32
  3,
  2,
  1,
  0, // function 0 of type 0
  7,
  5,
  1,
  1,
  102,
  0,
  0, // export "f"
  10,
  22,
  1,
  20,
  0, // code: one body of 20 bytes without locals
  32,
  0,
  253,
  19,
  32,
  1,
  253,
  19,
  32,
  2,
  253,
  19, // three splats
  253,
  133,
  2,
  253,
  31,
  0,
  11, // f32x4.relaxed_madd, extract_lane 0, end
]);

/** Compiles, and fuses. False where the instruction is unknown. Throws where WebAssembly itself is forbidden. */
export function relaxedFuses(): boolean {
  if (!WebAssembly.validate(PROBE)) return false;
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(PROBE)).exports as {
    f(a: number, b: number, c: number): number;
  };
  return f(1 + 2 ** -12, 1 + 2 ** -12, -(1 + 2 ** -11)) === 2 ** -24;
}
