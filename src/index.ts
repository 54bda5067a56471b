export type {
  ElementType,
  Float16ArrayLike,
  FloatData,
  FloatInput,
  FloatOutput,
  IndexInput,
  NestedNumbers,
  TensorLike,
} from "./input/elements.js";
export type { MaskInput } from "./input/mask.js";
export { type Backend, backend, init, useBackend } from "./kernels/choose.js";
export type { Variant } from "./kernels/kernels.js";
export { binaryCrossEntropy, binaryCrossEntropyWithGrad } from "./losses/binaryCrossEntropy.js";
export {
  type BinaryCrossEntropyGradOptions,
  type BinaryCrossEntropyOptions,
  binaryCrossEntropyWithLogits,
  binaryCrossEntropyWithLogitsWithGrad,
} from "./losses/binaryCrossEntropyWithLogits.js";
export {
  BinaryCrossEntropyWorkspace,
  type BinaryWorkspaceGradOptions,
  type BinaryWorkspaceOptions,
  type BinaryWorkspaceShape,
} from "./losses/binaryWorkspace.js";
export { crossEntropy, crossEntropyWithGrad, type LossWithGrad } from "./losses/crossEntropy.js";
export type { CrossEntropyGradOptions, CrossEntropyOptions } from "./losses/crossEntropyOptions.js";
export type {
  ElementGradOptions,
  ElementLoss,
  ElementLossOptions,
  ElementLossWithGrad,
  LossArray,
} from "./losses/elementLoss.js";
export {
  type EntropyLossGradOptions,
  type EntropyLossOptions,
  entropyLoss,
  entropyLossWithGrad,
} from "./losses/entropyLoss.js";
export { type FocalLossGradOptions, type FocalLossOptions, focalLoss, focalLossWithGrad } from "./losses/focalLoss.js";
export {
  type GaussianNllLossGradOptions,
  type GaussianNllLossOptions,
  type GaussianNllLossWithGrad,
  gaussianNllLoss,
  gaussianNllLossWithGrad,
} from "./losses/gaussianNllLoss.js";
export { type KlDivLossOptions, klDivLoss, klDivLossWithGrad } from "./losses/klDivLoss.js";
export { type NllLossGradOptions, type NllLossOptions, nllLoss, nllLossWithGrad } from "./losses/nllLoss.js";
export { type PoissonNllLossOptions, poissonNllLoss, poissonNllLossWithGrad } from "./losses/poissonNllLoss.js";
export { l1Loss, l1LossWithGrad, mseLoss, mseLossWithGrad } from "./losses/regression.js";
export { type SigmoidFocalLossOptions, sigmoidFocalLoss, sigmoidFocalLossWithGrad } from "./losses/sigmoidFocalLoss.js";
export {
  CrossEntropyWorkspace,
  type WorkspaceGradOptions,
  type WorkspaceOptions,
  type WorkspaceResult,
  type WorkspaceShape,
} from "./losses/workspace.js";
export { sharedFloat32, type ThreadOptions, useThreads } from "./sweep/threads.js";
export { type ElementwiseOptions, logSigmoid, sigmoid, softplus } from "./transforms/elementwise.js";
export { type OneHotOptions, oneHot } from "./transforms/oneHot.js";
export {
  type LogSumExpOptions,
  logSoftmax,
  logSumExp,
  type RowTensor,
  type SoftmaxOptions,
  softmax,
} from "./transforms/softmax.js";
export type { LogSumExpWithSign, WeightedLogSumExpOptions } from "./transforms/weightedLogSumExp.js";
