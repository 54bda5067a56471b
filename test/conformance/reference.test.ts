import { describe, expect, test } from "vitest";
import * as lossReference from "../support/lossReference.js";
import * as reference from "../support/reference.js";
import { type Api, callOf } from "./calls.js";
import { standing } from "./exceptions.js";
import { judge, recorded } from "./judge.js";
import { loadFamilies } from "./load.js";

const api: Api = {
  ...reference,
  ...lossReference,
  focalLoss: (x, t, options) => lossReference.focalLoss(x, t, options as never).loss,
  crossEntropy: (...args) => reference.crossEntropyWithGrad(...args).loss,
  binaryCrossEntropyWithLogits: (...args) => reference.binaryCrossEntropyWithLogitsWithGrad(...args).loss,
};

// The reference is the judge of everything else, so it is judged first, by numbers that others wrote down.
describe("reference agrees with the conformance data to 1e-11 or the tolerance of the case", () => {
  for (const { family, cases } of loadFamilies()) {
    for (const c of cases) {
      const place = standing(c);
      if (place.kind !== "run" && place.kind !== "deviation") continue;
      test(c.id, () => {
        const call = callOf(c, Float64Array);
        if (!call) throw new Error(`${family}: ${c.id} cannot run`);
        const ours = place.kind === "deviation" ? place.deviation.ours : {};
        if ("throws" in ours) expect(() => call.run(api)).toThrow(RangeError);
        else judge(c, call, api, Float64Array, { ...recorded(c), ...ours });
      });
    }
  }
});
