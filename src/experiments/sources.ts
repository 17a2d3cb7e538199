import type { ImageSource } from "../nn/images.ts";
import { buildImages } from "./build.ts";
import type { RunConfig } from "./config.ts";
import type { Dataset } from "./data/dataset.ts";
import { createDecoder } from "./data/decoder.ts";
import { folderImages, type Unreadable } from "./data/folder-images.ts";
import type { FolderDataset } from "./data/image-folder.ts";

/** What a run trains and is tested with. */
export interface Sources {
  readonly train: ImageSource;
  readonly test: ImageSource;
  close(): Promise<void>;
}

/** @param onUnreadable - told once of each file that cannot be read and is left out */
export function openSources(
  dataset: Dataset | FolderDataset,
  augment: RunConfig["augment"],
  onUnreadable: (found: Unreadable) => void,
): Sources {
  if (!("files" in dataset)) return { ...buildImages(dataset, augment), close: async () => {} };
  const decoder = createDecoder();
  const { shape, train, test } = dataset;
  return {
    train: folderImages(train, shape, decoder, augment !== undefined, onUnreadable),
    test: folderImages(test, shape, decoder, false, onUnreadable),
    close: decoder.close,
  };
}
