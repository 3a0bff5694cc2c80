/** What is open, so that the browser's *back* closes the last of it and does not leave the page. */

export type Layer = () => void;

const layers: Layer[] = [];
/** What is done to the browser's history, one after the other: going back takes a moment. */
let queue: Promise<unknown> = Promise.resolve();
let wentBack: (() => void) | undefined;
/** When a browser does not say that it went back. */
const LONGEST_MS = 2_000;

const enqueue = (act: () => unknown): void => {
  queue = queue.then(act).catch(() => undefined);
};

/** How many layers were open at an entry of the history; others have entries there, too. */
const depthOf = (state: unknown): number => {
  const depth = (state as { clipDownload?: unknown } | null)?.clipDownload;
  return typeof depth === "number" ? depth : 0;
};

window.addEventListener("popstate", (event) => {
  if (wentBack) wentBack();
  else while (layers.length > depthOf(event.state)) layers.pop()?.();
});

/** Something was opened; `close` is called when a person goes back. */
export const layerOpened = (close: Layer, address?: string): void => {
  const clipDownload = layers.push(close);
  enqueue(() => history.pushState({ clipDownload }, "", address));
};

/** It was closed otherwise. */
export const layerClosed = (close: Layer): void => {
  const index = layers.indexOf(close);
  if (index < 0) return;
  layers.splice(index, 1);
  enqueue(
    () =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(() => wentBack?.(), LONGEST_MS);
        wentBack = () => {
          wentBack = undefined;
          clearTimeout(timer);
          resolve();
        };
        history.back();
      }),
  );
};

/** Its page is not shown any more: where the browser is now is none of its business. */
export const layerGone = (close: Layer): void => {
  const index = layers.indexOf(close);
  if (index >= 0) layers.splice(index, 1);
};

/** Show another address for what is open. */
export const setAddress = (address: string): void => {
  enqueue(() => history.replaceState(history.state, "", address));
};
