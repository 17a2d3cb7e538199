/**
 * What a reader can do on the page of a pool: point at a setting, or choose a value of a hyper-parameter, and see it in
 * every drawing. Without a script the drawings are as they are.
 *
 * @packageDocumentation
 */

import { type Html, html, trusted } from "../../report/html.ts";

/** A choice of the settings that are shown in full. */
export const chooser = (values: readonly (readonly [axis: string, values: readonly string[]])[]): Html =>
  values.length === 0
    ? html``
    : html`<p class="choose" hidden="hidden"><label>Settings in all drawings below: <select id="settings"><option value="">all</option>${values.map(
        ([axis, some]) =>
          html`<optgroup label="${axis}">${some.map((value) => html`<option>${value}</option>`)}</optgroup>`,
      )}</select></label> <output id="setting" aria-live="polite"></output></p>`;

export const highlightStyle = `
.choose { position: sticky; top: 0; z-index: 1; padding: 0.6rem 0; background: var(--ground); max-width: none; font-size: 0.92rem; }
.choose select { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 4px; padding: 0.15rem 0.3rem; }
.choose output { display: block; min-height: 1.6em; color: var(--quiet); }
.interval { display: block; font-size: 0.82em; color: var(--quiet); }
.off { opacity: 0.06 !important; }
.on { opacity: 1 !important; stroke-width: 2.5px; }
@media print { .choose { display: none; } .interval { display: block; font-size: 0.82em; color: var(--quiet); }
.off { opacity: 1 !important; } }
`;

/** Marks are known by their labels, which begin with the values of their setting. */
const program = `
(() => {
  const marks = [...document.querySelectorAll("figure svg [aria-label*=': Int'], figure svg [aria-label*=': FP32']")]
    .map((mark) => ({ mark, label: mark.getAttribute("aria-label"), setting: mark.getAttribute("aria-label").split(": ")[0] }));
  const select = document.getElementById("settings");
  const says = document.getElementById("setting");
  if (!select || marks.length === 0) return;
  select.closest("p").hidden = false;
  const has = (setting, value) => value === "" || setting.split(", ").some((part) => part === value || part.startsWith(value + " "));
  let pointed = null;
  const show = () => {
    for (const { mark, setting } of marks) {
      mark.classList.toggle("off", !has(setting, select.value) || (pointed !== null && setting !== pointed.setting));
      mark.classList.toggle("on", pointed !== null && setting === pointed.setting);
    }
    says.textContent = pointed === null ? "" : pointed.label;
  };
  for (const one of marks)
    for (const [event, to] of [["pointerenter", one], ["pointerleave", null], ["click", one]])
      one.mark.addEventListener(event, () => { pointed = to; show(); });
  select.addEventListener("change", show);
})();
`;

export const highlight: Html = html`<script>${trusted(program)}</script>`;
