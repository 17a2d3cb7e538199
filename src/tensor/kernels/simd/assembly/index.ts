// The SIMD kernels, in AssemblyScript: TypeScript that compiles to WebAssembly.
// No relaxed operations and fixed orders of summation: the same bits on every machine.
// Pointers are byte offsets into the memory that the host manages; every array starts at a multiple of 64 bytes.

/** Where the memory that the host may use begins. */
export function heapBase(): usize {
  return __heap_base;
}

export { conv2d, conv2dInputGrad, conv2dNormalizeRelu, convWorkspace } from "./conv";
export { binary, demote, sumInto, unary } from "./elementwise";
export { gemm, gemmWorkspace } from "./gemm";
export { permute, take, takeGrad } from "./layout";
export { crossEntropy, crossEntropyGrad } from "./loss";
export { batchNormGrad, moments, normalize, normWorkspace } from "./norm";
export { adam, rmsprop, sgd } from "./optim";
export { avgPool2d, avgPool2dGrad, maxPool2d, maxPool2dGrad } from "./pool";
export { quantize, quantizeGrad } from "./quantize";
export { softmax } from "./softmax";
export { displace, random } from "./random";
export { conv2dWeightGrad } from "./weight-grad";
export { ownBytes, setOwn } from "./tile";
