import { type Html, html, trusted } from "./html.ts";
import { style } from "./style.ts";

/**
 * A page that needs nothing else, in the look of all pages.
 *
 * @param more - style of its own
 */
export const htmlDocument = (title: string, body: Html, more = ""): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${trusted(style + more)}</style>
</head>
<body>
${body}</body>
</html>
`.markup;
