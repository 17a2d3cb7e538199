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
  "QGen.eq.8": "bound of Foret et al., L_D(w) ≤ max L_S(w + ε) + h(‖w‖²/ρ²) over ‖ε‖₂ ≤ ρ",
  "QGen.eq.9": "the same with the maximum over ‖ε‖∞ ≤ ρ",
  "QGen.eq.10": "L_S(w) ≤ L_S(w + d) ≤ max L_S(w + ε), for ‖d‖∞ ≤ ρ",
  "QGen.eq.11": "max L_S(w + ε) ≈ L_S(w + d), for small ρ",
  "QGen.eq.12": "L_D(w) ≤ L_S(w + d) + h(‖w‖²/ρ²)",
  "QGen.eq.13": "L_D(w) − L_S(w + d) ≤ h(‖w‖²/ρ²)",
  "QGen.eq.14": "L_D(w) − L_S(ŵ) ≤ h(4‖w‖²/δ²)",
  "QGen.H1":
    "hypothesis 1: at some quantization level the minimum is at least as flat as that of full precision",
  "QGen.sec.4.2": "generalization gap = test loss − training loss, at the epoch of lowest training loss",
  "QGen.sec.B.1": "training setup of the networks behind Table 3",
  "QGen.tab.1": "accuracy, loss and generalization gap of quantized and full-precision networks",
  "QGen.tab.2": "L2 norm of the weights of each network",
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
