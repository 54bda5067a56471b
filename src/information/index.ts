export type {
  Axis,
  BaseOptions,
  DensityOptions,
  DistributionOptions,
  NormalizeOptions,
  NumberInput,
  PerRow,
} from "./arguments.js";
export {
  type AlphabetOptions,
  type Codewords,
  codewordCost,
  expectedCodeLength,
  fixedCodeLength,
  idealCodeLengths,
  kraftSum,
} from "./codeLengths.js";
export { empiricalDistribution, huffmanCode, shannonCode } from "./coders.js";
export { differentialEntropy, type Gaussian, gaussianCrossEntropy, gaussianKl } from "./continuous.js";
export { crossEntropy, entropy, perplexity, selfInformation } from "./discrete.js";
export {
  type JensenShannonOptions,
  jensenShannonDistance,
  jensenShannonDivergence,
  klDivergence,
  relEntr,
} from "./divergence.js";
export { expectedLogWealth, kellyFraction, type OddsOptions } from "./gambling.js";
export { type ConditionalEntropyOptions, conditionalEntropy, jointEntropy, mutualInformation } from "./joint.js";
export { bernoulliLogLikelihood, multinomialLogLikelihood } from "./likelihood.js";
export { type Encoded, PrefixCode } from "./prefixCode.js";
