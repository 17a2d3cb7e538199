/** Every item of the paper (and of the works it builds on) that this project answers for, in one line each. */
export const paperItems = {
  "QGen.sec.3": "per-layer quantization-aware training: a learned step for the weights of each layer",
  "QGen.eq.1": "w̄ = ⌊clip(w/s, −2ᵇ⁻¹, 2ᵇ⁻¹ − 1)⌉",
  "QGen.eq.2": "ŵ = w̄ s",
  "QGen.eq.3": "quantization noise, Δ = w − ŵ",
  "QGen.eq.4": "squared loss, L(w) = E‖f(x, w) − y‖²",
  "QGen.eq.5": "loss under noise, L̃(w) = E‖f(x, w + n) − y‖²",
  "QGen.eq.6": "first order, f(x, w + n) ≈ f(x, w) + J n",
  "QGen.eq.7": "quantization as a regularizer, L̃ = L + E‖J n‖²",
  "QGen.eq.16": "PAC-Bayes-Orig, ‖w‖²/4σ² + log(m/σ) + 10",
  "QGen.eq.18": "Sharpness-Orig, ‖w‖² log(2ω)/4α² + log(m/α) + 10",
  "QGen.H1":
    "hypothesis 1: at some quantization level the minimum is at least as flat as that of full precision",
  "QGen.sec.4.2": "generalization gap = test loss − training loss, at the epoch of lowest training loss",
  "QGen.sec.B.1": "training setup of the networks behind Table 3",
  "QGen.tab.1": "accuracy, loss and generalization gap of quantized and full-precision networks",
  "QGen.tab.2": "L2 norm of the weights of each network",
  "QGen.tab.3": "each measure x is reported as √(x/m)",
  "QGen.fig.1": "width of the quantization bin of each layer at 8, 4 and 2 bits",
  "LSQ.sec.2": "levels Qn, Qp for signed and unsigned data",
  "LSQ.sec.2.1": "first step size, s₀ = 2 mean|v| / √Qp",
  "LSQ.sec.2.2": "scale of the step-size gradient, g = 1/√(N Qp)",
  "LSQ.eq.1": "v̄ = ⌊clip(v/s, −Qn, Qp)⌉",
  "LSQ.eq.2": "v̂ = v̄ s",
  "LSQ.eq.3": "∂v̂/∂s",
  "LSQ.eq.5": "∂v̂/∂v",
} as const satisfies Record<string, string>;

export type PaperRef = keyof typeof paperItems;
