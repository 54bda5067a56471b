/** One of the project's own contenders as a process, `main.js naive | plain | tuned | celoss JSON`, or `main.js probe`. */
import { type Prepare, serve } from "../child.js";
import { prepareCeloss } from "./celoss.js";
import { prepareNaive } from "./naive.js";
import { preparePlain } from "./plain.js";
import { probe } from "./probe.js";
import { prepareTuned } from "./tuned.js";

const [, , name, ours] = process.argv;
const ADAPTERS: Record<string, Prepare> = {
  naive: prepareNaive,
  plain: preparePlain,
  tuned: prepareTuned,
  celoss: (job, data) => prepareCeloss(JSON.parse(ours), job, data),
};
if (name === "probe") console.log(JSON.stringify(probe()));
else await serve(ADAPTERS[name]);
