/** What a call throws, as messages and classes are compared together: `RangeError: "axis" expected …`. */
export function caught(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return String(error);
  }
  return "nothing thrown";
}
