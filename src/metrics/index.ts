export { CrossEntropyState } from "./crossEntropyState.js";
export type { CalibrationBin, Evaluation } from "./evaluation.js";
export type { CrossEntropyStateJson } from "./json.js";
export type { UpdateOptions } from "./rows.js";
export type { Settings, StateOptions } from "./settings.js";
