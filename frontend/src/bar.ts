import { css, html, nothing, type TemplateResult } from "lit";

/** How far something is: 0 to 1, or null while nobody knows. */
export const bar = (share: number | null, label: string): TemplateResult =>
  html`<div
    class="bar ${share === null ? "unknown" : ""}"
    role="progressbar"
    aria-label=${label}
    aria-valuemin="0"
    aria-valuemax="100"
    aria-valuenow=${share === null ? nothing : Math.round(share * 100)}
  >
    <div style="transform: scaleX(${share ?? 0.3})"></div>
  </div>`;

export const barStyles = css`
  .bar {
    height: 4px;
    border-radius: 2px;
    overflow: hidden;
    background: var(--cd-soft);
  }
  .bar div {
    height: 100%;
    background: var(--cd-strong);
    transform-origin: left;
    transition: transform 0.3s linear;
  }
  :host(:dir(rtl)) .bar div {
    transform-origin: right;
    --way: -1;
  }
  .bar.unknown div {
    animation: slide 1.6s ease-in-out infinite alternate;
  }
  @keyframes slide {
    to {
      transform: translateX(calc(70% * var(--way, 1))) scaleX(0.3);
    }
  }
  @media (prefers-reduced-motion: reduce) {
    .bar.unknown div {
      animation: none;
    }
  }
`;
