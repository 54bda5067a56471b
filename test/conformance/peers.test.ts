import { expect, test } from "vitest";
import { near } from "../support/near.js";
import { describeSets } from "../support/sets.js";
import { PEERS } from "./peers.js";

describeSets("what others get wrong, to 2e-7 of the exact answer", () => {
  for (const { project, wrong, right, ours, exact, theirs } of PEERS) {
    test(`${project}: ${wrong}; here ${right}`, () => {
      const bound = { rel: 2e-7, abs: 1e-9 };
      near(ours(), exact, bound);
      expect(() => near(theirs, exact, bound)).toThrow();
    });
  }
});
