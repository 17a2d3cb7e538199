/** The browser of the GPU tests: the system's Chromium, whose GPU is a program where there is no other. */
export const chromiumPath = process.env.CHROMIUM ?? "/usr/bin/chromium";

export const chromiumFlags = [
  "--no-sandbox",
  "--use-gl=angle",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
