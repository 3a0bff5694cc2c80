import { html, type TemplateResult } from "lit";

/** A picture that says nothing to a screen reader; what it stands for is said by its button. */
export const icon = (path: string, size = ""): TemplateResult =>
  html`<svg class="icon ${size}" viewBox="0 0 24 24" aria-hidden="true"><path d=${path}></path></svg>`;
