/** The look of the page: one column, light or dark as the reader has it, and in print. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #ffffff; --ink: #1c2024; --quiet: #59616a; --line: #dde1e5; --card: #f5f6f8;
  --good: #0b6b4b; --bad: #a33b00; --open: #59616a; --link: #0a5ea8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171a; --ink: #e5e8eb; --quiet: #a2abb4; --line: #2d343b; --card: #1c2126;
    --good: #5fcfa4; --bad: #ff9a63; --open: #a2abb4; --link: #7cbcf5;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 58rem; padding: clamp(2rem, 7vw, 4.5rem) clamp(1.1rem, 4vw, 1.5rem) 5rem;
  background: var(--ground); color: var(--ink);
  font: 1rem/1.62 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  text-rendering: optimizeLegibility; overflow-wrap: break-word;
}
h1 { font-size: clamp(1.55rem, 4.5vw, 2.1rem); line-height: 1.2; letter-spacing: -0.015em; margin: 0 0 1.2rem; text-wrap: balance; }
h2 { font-size: 1.25rem; line-height: 1.3; letter-spacing: -0.008em; margin: 4rem 0 0.9rem; text-wrap: balance; }
h3 { font-size: 1rem; line-height: 1.45; margin: 0; font-weight: 600; }
p { margin: 0 0 1rem; text-wrap: pretty; }
p, ul.plain, figcaption { max-width: 44rem; }
a { color: var(--link); text-underline-offset: 0.18em; }
.lead { font-size: 1.06rem; }
figcaption { color: var(--quiet); font-size: 0.9rem; line-height: 1.55; }
.scale { border-left: 3px solid var(--line); padding-left: 1rem; color: var(--quiet); }
.claims { list-style: none; margin: 1.6rem 0 0; padding: 0; }
.claims > li { display: grid; grid-template-columns: 9.6rem 1fr; gap: 0 1.4rem; padding: 1.25rem 0; border-top: 1px solid var(--line); }
.claims > li:last-child { border-bottom: 1px solid var(--line); }
.verdict { font-weight: 600; font-size: 0.9rem; line-height: 1.6rem; }
.verdict::before { display: inline-block; width: 1.35em; }
.holds { color: var(--good); } .holds::before { content: "✓"; }
.fails { color: var(--bad); } .fails::before { content: "✕"; }
.undecided { color: var(--open); } .undecided::before { content: "?"; }
.claims p { margin: 0.4rem 0 0; font-size: 0.94rem; font-variant-numeric: tabular-nums; }
.place { color: var(--quiet); font-size: 0.82rem; line-height: 1.45; }
.claims details { margin-top: 0.45rem; font-size: 0.88rem; color: var(--quiet); }
.claims details p { font-size: inherit; }
.scroll { overflow-x: auto; margin: 1.5rem 0; }
.scroll:focus-visible { outline: 2px solid var(--link); outline-offset: 4px; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; line-height: 1.4; font-variant-numeric: tabular-nums; }
caption { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
th, td { padding: 0.42rem 0 0.42rem 0.9rem; text-align: right; white-space: nowrap; vertical-align: baseline; }
th.row { text-align: left; padding-left: 0; }
thead th { font-weight: 500; color: var(--quiet); font-size: 0.84rem; vertical-align: bottom; border-bottom: 1px solid var(--line); }
tbody th { font-weight: 600; }
thead th[scope="colgroup"] { text-align: center; border-bottom: 0; padding-bottom: 0; }
.first { padding-left: 1.8rem; }
td.source, th.source { text-align: left; color: var(--quiet); }
tbody + tbody tr:first-child > * { border-top: 1px solid var(--line); }
tr.paper td, td.paper { color: var(--quiet); }
.none { color: var(--quiet); }
td.better { color: var(--good); } td.better::after { content: " ▾"; }
td.worse { color: var(--bad); } td.worse::after { content: " ▴"; }
figure { margin: 2.6rem 0 3.4rem; } figure.table { margin: 1.2rem 0 1.6rem; }
figure h3 { margin-bottom: 0.7rem; }
figure svg { display: block; width: max(100%, 34rem); height: auto; color: var(--ink); }
figure .scroll { margin: 0; }
figcaption { margin-top: 0.8rem; }
.table figcaption { margin: 0 0 1.2rem; }
dl { display: grid; grid-template-columns: 9.6rem 1fr; gap: 0.55rem 1.4rem; margin: 1.4rem 0; }
dt { color: var(--quiet); font-size: 0.9rem; }
dd { margin: 0; min-width: 0; }
ul.plain { padding-left: 1.1rem; } ul.plain li { margin: 0.25rem 0; }
code, pre { font: 0.85rem/1.55 ui-monospace, SFMono-Regular, "SF Mono", Menlo, Consolas, monospace; }
pre { background: var(--card); border-radius: 6px; padding: 0.9rem 1.1rem; overflow-x: auto; margin: 0.6rem 0; }
summary { cursor: pointer; }
.block > summary { margin: 0.9rem 0; color: var(--quiet); }
footer { margin-top: 4rem; padding-top: 1.2rem; border-top: 1px solid var(--line); }
@media (max-width: 36rem) {
  .claims > li, dl { grid-template-columns: 1fr; }
  dl { gap: 0; } dd { margin-bottom: 0.9rem; }
  .claims .verdict, .claims .place { display: inline; margin-right: 0.6em; }
  th.row { padding-right: 0.6rem; position: sticky; left: 0; background: var(--ground); }
}
@media print {
  :root {
    color-scheme: light; --ground: #ffffff; --ink: #000000; --quiet: #444444; --line: #bbbbbb; --card: #ffffff;
    --good: #0b6b4b; --bad: #a33b00; --open: #444444; --link: #000000;
  }
  body { max-width: none; padding: 0; font-size: 10pt; }
  h2, h3, .table figcaption { break-after: avoid; }
  figure, tr, .claims > li { break-inside: avoid; }
  .scroll { overflow: visible; } figure svg { width: 100%; }
  details::details-content { content-visibility: visible; block-size: auto; }
  pre { border: 1px solid var(--line); white-space: pre-wrap; }
}
`;
