import { expect, test } from "vitest";
import { near } from "../support/near.js";
import { describeSets } from "../support/sets.js";
import { PEERS } from "./peers.js";

// Two exponentials of 3 ulp each are 7e-7 of a loss of few classes, test/support/bounds.ts; the rest is rounding.
describeSets("what others get wrong, to 1e-6 of the exact answer", () => {
  for (const { project, wrong, right, ours, exact, theirs } of PEERS) {
    test(`${project}: ${wrong}; here ${right}`, () => {
      const bound = { rel: 1e-6, abs: 1e-9 };
      near(ours(), exact, bound);
      expect(() => near(theirs, exact, bound)).toThrow();
    });
  }
});
