// Pooling over square windows of [planes, h, w].
import { bytes } from "./pack";

export function avgPool2d(
  x: usize,
  y: usize,
  planes: i32,
  h: i32,
  w: i32,
  oh: i32,
  ow: i32,
  size: i32,
  stride: i32,
  pad: i32,
): void {
  const scale = 1 / <f64>(size * size);
  for (let plane = 0; plane < planes; plane++) {
    const image = x + bytes(plane * h * w);
    for (let oy = 0; oy < oh; oy++)
      for (let ox = 0; ox < ow; ox++) {
        const x0 = ox * stride - pad,
          y0 = oy * stride - pad;
        let total: f64 = 0;
        for (let iy = max(0, y0); iy < min(h, y0 + size); iy++)
          for (let ix = max(0, x0); ix < min(w, x0 + size); ix++)
            total += <f64>load<f32>(image + bytes(iy * w + ix));
        store<f32>(y, <f32>(total * scale));
        y += 4;
      }
  }
}

/** dx starts at zeros. */
export function avgPool2dGrad(
  g: usize,
  dx: usize,
  planes: i32,
  h: i32,
  w: i32,
  oh: i32,
  ow: i32,
  size: i32,
  stride: i32,
  pad: i32,
): void {
  const scale = <f32>(1 / <f64>(size * size));
  for (let plane = 0; plane < planes; plane++) {
    const image = dx + bytes(plane * h * w);
    for (let oy = 0; oy < oh; oy++)
      for (let ox = 0; ox < ow; ox++) {
        const x0 = ox * stride - pad,
          y0 = oy * stride - pad,
          share = load<f32>(g) * scale;
        for (let iy = max(0, y0); iy < min(h, y0 + size); iy++)
          for (let ix = max(0, x0); ix < min(w, x0 + size); ix++) {
            const at = image + bytes(iy * w + ix);
            store<f32>(at, load<f32>(at) + share);
          }
        g += 4;
      }
  }
}

/** The place in a plane of the first maximum of a window; a NaN counts as the largest. */
function argmax(image: usize, h: i32, w: i32, y0: i32, x0: i32, size: i32): i32 {
  let best = max(0, y0) * w + max(0, x0),
    most = load<f32>(image + bytes(best));
  for (let iy = max(0, y0); iy < min(h, y0 + size); iy++)
    for (let ix = max(0, x0); ix < min(w, x0 + size); ix++) {
      const v = load<f32>(image + bytes(iy * w + ix));
      if (v > most || (v != v && most == most)) {
        most = v;
        best = iy * w + ix;
      }
    }
  return best;
}

/** y: the values of v where x has its maxima. */
export function maxPool2d(
  v: usize,
  x: usize,
  y: usize,
  planes: i32,
  h: i32,
  w: i32,
  oh: i32,
  ow: i32,
  size: i32,
  stride: i32,
  pad: i32,
): void {
  for (let plane = 0; plane < planes; plane++)
    for (let oy = 0; oy < oh; oy++)
      for (let ox = 0; ox < ow; ox++) {
        const at = bytes(
          plane * h * w + argmax(x + bytes(plane * h * w), h, w, oy * stride - pad, ox * stride - pad, size),
        );
        store<f32>(y, load<f32>(v + at));
        y += 4;
      }
}

/** dx starts at zeros. */
export function maxPool2dGrad(
  g: usize,
  x: usize,
  dx: usize,
  planes: i32,
  h: i32,
  w: i32,
  oh: i32,
  ow: i32,
  size: i32,
  stride: i32,
  pad: i32,
): void {
  for (let plane = 0; plane < planes; plane++)
    for (let oy = 0; oy < oh; oy++)
      for (let ox = 0; ox < ow; ox++) {
        const at =
          dx +
          bytes(
            plane * h * w +
              argmax(x + bytes(plane * h * w), h, w, oy * stride - pad, ox * stride - pad, size),
          );
        store<f32>(at, load<f32>(at) + load<f32>(g));
        g += 4;
      }
}
