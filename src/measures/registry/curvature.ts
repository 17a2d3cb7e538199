import { define, type Measure } from "./measure.ts";

/** Curvature and worst cases of the training loss, as they are: not divided by m. */
export const curvatureMeasures: readonly Measure[] = [
  define({
    id: "hessian_top",
    name: "largest eigenvalue of the Hessian",
    source: "Keskar et al. 2017",
    needs: ["hessian"],
    scale: "raw",
    compute: ({ hessian }) => hessian.largest,
  }),
  define({
    id: "hessian_trace",
    name: "trace of the Hessian",
    source: "Hutchinson 1989",
    needs: ["trace"],
    scale: "raw",
    compute: ({ trace }) => trace.mean,
  }),
  define({
    id: "relative_flatness",
    name: "relative flatness, all layers together",
    source: "Petzka et al. 2021",
    needs: ["relativeFlatness"],
    scale: "raw",
    compute: ({ relativeFlatness }) => relativeFlatness.mean,
  }),
  define({
    id: "sam_l2",
    name: "rise of the loss to its worst in a ball",
    source: "Foret et al. 2021, eq. 1",
    needs: ["worstL2"],
    scale: "raw",
    compute: ({ worstL2 }) => worstL2.rise,
  }),
  define({
    id: "sam_linf",
    name: "rise of the loss to its worst in a box",
    source: "Keskar et al. 2017",
    needs: ["worstLinf"],
    scale: "raw",
    compute: ({ worstLinf }) => worstLinf.rise,
  }),
  define({
    id: "sam_l2_one_step",
    name: "rise of the loss after one step in a ball",
    source: "Foret et al. 2021, eq. 2",
    needs: ["worstL2"],
    scale: "raw",
    compute: ({ worstL2 }) => worstL2.oneStep - worstL2.loss,
  }),
];
