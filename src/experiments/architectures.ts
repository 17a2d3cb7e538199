/**
 * The networks by the names that a configuration has for them.
 *
 * @packageDocumentation
 */

import type { Model } from "../nn/model.ts";
import { deitT } from "../nn/models/deit.ts";
import type { ImageNetwork } from "../nn/models/image-network.ts";
import { mobilenetV1 } from "../nn/models/mobilenet-v1.ts";
import { mobilenetV2 } from "../nn/models/mobilenet-v2.ts";
import { nin } from "../nn/models/nin.ts";
import { resnet } from "../nn/models/resnet.ts";
import { swinT } from "../nn/models/swin.ts";
import { vgg19 } from "../nn/models/vgg.ts";

interface Architecture {
  /** As help and complaints show it. */
  readonly form: string;
  readonly pattern: RegExp;
  /** @param numbers - what the pattern's groups have found; `undefined` for a group left out */
  build(fit: ImageNetwork, numbers: readonly (number | undefined)[]): Model;
}

const named = (name: string, build: (fit: ImageNetwork) => Model): Architecture => ({
  form: name,
  pattern: new RegExp(`^${name}$`),
  build,
});

/** @param usual - the width of the name without one: a network has one name */
const ofWidth = (
  name: string,
  usual: number,
  build: (fit: ImageNetwork & { readonly width: number }) => Model,
): Architecture => ({
  form: `${name}[:wWIDTH]`,
  pattern: new RegExp(`^${name}(?::w(?!${usual}$)([1-9]\\d{0,2}))?$`),
  build: (fit, [width = usual]) => build({ ...fit, width }),
});

const architectures: readonly Architecture[] = [
  {
    form: "nin:DEPTHxWIDTH",
    pattern: /^nin:([1-9]\d?)x([1-9]\d?)$/,
    build: ({ image, classes }, [depth, width]) =>
      nin({ depth: depth!, width: width!, classes, channels: image[0]! }),
  },
  ofWidth("resnet18", 64, (fit) => resnet({ ...fit, depth: 18 })),
  ofWidth("resnet50", 64, (fit) => resnet({ ...fit, depth: 50 })),
  ofWidth("mobilenetv1", 32, mobilenetV1),
  ofWidth("mobilenetv2", 32, mobilenetV2),
  ofWidth("vgg19", 64, vgg19),
  named("deit-t", deitT),
  named("swin-t", swinT),
];

/** The names that there are, for people. */
export const modelForms: string = architectures.map(({ form }) => form).join(", ");

export const isModelName = (name: string): boolean => architectures.some(({ pattern }) => pattern.test(name));

/**
 * The float network of that name, for images of that shape.
 *
 * @throws RangeError where the network does not fit the images
 */
export function architecture(name: string, fit: ImageNetwork): Model {
  for (const { pattern, build } of architectures) {
    const found = pattern.exec(name);
    if (found === null) continue;
    const numbers = found.slice(1).map((text?: string) => (text === undefined ? undefined : Number(text)));
    return build(fit, numbers);
  }
  throw new RangeError(`there is no network "${name}"; expected one of ${modelForms}`);
}
