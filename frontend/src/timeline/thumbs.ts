import { THUMB } from "./draw";

/** A hand that rests so long is not on its way to somewhere else. */
const SETTLE_MS = 120;
const MOST_KNOWN = 300;
const AT_ONCE = 6;

/** Pictures as small as they are drawn in a lane: they are loaded once, and scaled once. */
export class Thumbs {
  private readonly _known = new Map<string, HTMLCanvasElement | null>();
  private _wanted: string[] = [];
  private _loading = 0;
  private _timer = 0;

  constructor(private readonly _loaded: () => void) {}

  /** A picture if it is there; if not, it is loaded when nothing else was asked for a moment. */
  get(source: string): HTMLCanvasElement | undefined {
    const known = this._known.get(source);
    if (known !== undefined) return known ?? undefined;
    if (this._wanted.includes(source)) return undefined;
    this._wanted.push(source);
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => this._load(), SETTLE_MS);
    return undefined;
  }

  private _load(): void {
    while (this._loading < AT_ONCE) {
      const source = this._wanted.shift();
      if (source === undefined) return;
      this._loading += 1;
      const image = new Image();
      image.src = source;
      void image
        .decode()
        .then(() => this._keep(source, shrunk(image)))
        // It is gone, or is no picture: its place stays empty.
        .catch(() => this._keep(source, null));
    }
  }

  private _keep(source: string, canvas: HTMLCanvasElement | null): void {
    this._loading -= 1;
    this._known.set(source, canvas);
    const [oldest] = this._known.keys();
    if (this._known.size > MOST_KNOWN && oldest !== undefined) this._known.delete(oldest);
    if (canvas) this._loaded();
    this._load();
  }
}

/** A picture that fills the size of a thumb; what does not fit is cut off. */
const shrunk = (image: HTMLImageElement): HTMLCanvasElement => {
  const ratio = window.devicePixelRatio || 1;
  const canvas = document.createElement("canvas");
  canvas.width = THUMB.width * ratio;
  canvas.height = THUMB.height * ratio;
  const scale = Math.max(canvas.width / image.naturalWidth, canvas.height / image.naturalHeight);
  const width = image.naturalWidth * scale;
  const height = image.naturalHeight * scale;
  canvas.getContext("2d")?.drawImage(image, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
  return canvas;
};
