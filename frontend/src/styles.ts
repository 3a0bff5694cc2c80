import { css } from "lit";

/** What all elements share: Home Assistant's theme, focus, buttons and fields. */
export const shared = css`
  :host {
    --cd-text: var(--primary-text-color, #141414);
    --cd-faint: var(--secondary-text-color, #5e5e5e);
    --cd-ground: var(--card-background-color, #fff);
    --cd-line: var(--divider-color, rgba(0, 0, 0, 0.12));
    --cd-primary: var(--primary-color, #009ac7);
    /* The theme's own is too bright for white text on it, and for text of its color. */
    --cd-strong: color-mix(in srgb, var(--cd-primary) 72%, black);
    --cd-link: color-mix(in srgb, var(--cd-primary) 55%, var(--cd-text));
    --cd-on-strong: #fff;
    --cd-error: color-mix(in srgb, var(--error-color, #db4437) 65%, var(--cd-text));
    --cd-soft: color-mix(in srgb, var(--cd-text) 7%, transparent);
    --cd-radius: 8px;
    color: var(--cd-text);
    font-family: var(--ha-font-family-body, var(--paper-font-body1_-_font-family, Roboto, Noto, sans-serif));
    font-size: 14px;
    line-height: 20px;
    box-sizing: border-box;
  }
  *,
  *::before,
  *::after {
    box-sizing: inherit;
  }
  [hidden] {
    display: none !important;
  }
  button,
  input {
    font: inherit;
    color: inherit;
    margin: 0;
  }
  button,
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 6px;
    min-height: 44px;
    min-width: 44px;
    padding: 0 14px;
    border: 0;
    border-radius: 22px;
    background: transparent;
    color: var(--cd-text);
    font-weight: 500;
    text-decoration: none;
    cursor: pointer;
    touch-action: manipulation;
    -webkit-tap-highlight-color: transparent;
  }
  button:hover,
  .button:hover {
    background: var(--cd-soft);
  }
  button:disabled {
    color: var(--disabled-text-color, #8c8c8c);
    cursor: default;
    background: transparent;
  }
  button.icon,
  .button.icon {
    padding: 0;
    width: 44px;
  }
  button.outlined {
    box-shadow: inset 0 0 0 1px var(--cd-line);
  }
  button.primary {
    background: var(--cd-strong);
    color: var(--cd-on-strong);
    padding: 0 20px;
  }
  button.primary:hover {
    background: color-mix(in srgb, var(--cd-strong) 88%, black);
  }
  button.primary:disabled {
    background: var(--cd-soft);
    color: var(--cd-faint);
  }
  :focus {
    outline: none;
  }
  :focus-visible {
    outline: 2px solid var(--cd-link);
    outline-offset: 2px;
  }
  input {
    min-height: 44px;
    padding: 0 12px;
    border: 1px solid var(--cd-faint);
    border-radius: var(--cd-radius);
    background: var(--cd-ground);
    min-width: 0;
  }
  input::placeholder {
    color: var(--cd-faint);
    opacity: 1;
  }
  svg.icon {
    width: 24px;
    height: 24px;
    flex: none;
    fill: currentColor;
  }
  svg.small {
    width: 18px;
    height: 18px;
  }
  h2 {
    margin: 0;
    font-size: 16px;
    font-weight: 500;
    line-height: 24px;
  }
  .hidden-text {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`;

/** A row of buttons that say by their color what is chosen; where there is no room, it scrolls. */
export const chipStyles = css`
  .chips {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    min-width: 0;
  }
  .chip {
    box-shadow: inset 0 0 0 1px var(--cd-line);
  }
  .on {
    background: color-mix(in srgb, var(--cd-primary) 14%, var(--cd-ground));
    box-shadow: inset 0 0 0 1px color-mix(in srgb, var(--cd-primary) 55%, transparent);
  }
  @container (max-width: 600px) {
    .chips {
      flex-wrap: nowrap;
      overflow-x: auto;
      margin: -4px;
      padding: 4px;
      scrollbar-width: none;
    }
  }
`;
