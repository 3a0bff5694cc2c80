import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult, unsafeCSS } from "lit";
import { property, query, state } from "lit/decorators.js";

import type { Format } from "../format";
import { icon } from "../icon";
import {
  LOOKS,
  mdiArrowExpandHorizontal,
  mdiArrowExpandVertical,
  mdiMagnifyMinusOutline,
  mdiMagnifyPlusOutline,
  mdiSkipNext,
  mdiSkipPrevious,
} from "../icons";
import { kindName, type Localize } from "../localize";
import { shared } from "../styles";
import { clamp, HOUR, MINUTE } from "../time";
import type { Clip, Job } from "../types";
import {
  cluster,
  draw,
  horizontalLayout,
  type Layout,
  type Palette,
  type Scene,
  slots,
  thumbRoom,
  VERTICAL_AXIS,
  verticalLayout,
} from "./draw";
import { availability, type EventMark, hasPicture, type JobMark, neighbor, refusedIn, type Row, windowOf } from "./model";
import { eventShot, type Pictures, type Shot } from "./pictures";
import { fit, pan, type Range, type Scale, toPixel, toTime, zoom } from "./scale";
import { between, type Edge, keyStep, moveEdge, type Selection, snap } from "./selection";
import { Thumbs } from "./thumbs";

/** How long a finger rests before it selects. */
const LONG_PRESS_MS = 400;
/** How far a pointer moves before it is a drag. */
const SLOP = 6;
/** An edge that is nearer than this to an event's or a clip's end is put there. */
const SNAP = 7;
const LEAST_COLUMN = 84;
const VERTICAL = unsafeCSS(`${VERTICAL_AXIS}px`);
/** Above this, a tip with a picture lies below the pointer. */
const TIP_ROOM = 150;
/** About how high a job's box is. */
const JOB_ROOM = 180;
/** The picture of an event that is nearer than this to the pointer is shown. */
const NEAR = 24;
/** What changes only what lies over the canvas. */
const OVERLAY_ONLY = new Set<PropertyKey>(["selection", "version", "_hover", "_spoken", "_opened"]);
const AXIS_KEYS = new Set(["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown"]);

interface Point {
  x: number;
  y: number;
}

type Gesture =
  | { kind: "pending"; at: Point; row: number; onAxis: boolean; timer: number | undefined }
  | { kind: "panning"; last: number }
  | { kind: "selecting"; anchor: number; entityIds: string[] }
  | { kind: "edge"; edge: Edge; grip: number }
  | { kind: "pinching"; distance: number };

export interface TimelineEvents {
  "selection-changed": CustomEvent<Selection | null>;
  "clip-opened": CustomEvent<Clip>;
}

/**
 * A day of one or several cameras: what the cloud has, what was seen, what is saved, what is under way.
 *
 * Time goes across, or down if `vertical` is set. A window of it can be selected.
 */
export class ClipDownloadTimeline extends LitElement {
  @property({ attribute: false }) rows: Row[] = [];
  /** What can be looked at: a day. */
  @property({ attribute: false }) bounds!: Range;
  @property({ attribute: false }) selection: Selection | null = null;
  @property({ attribute: false }) format!: Format;
  @property({ attribute: false }) localize!: Localize;
  @property({ type: Number }) now = 0;
  @property({ type: Boolean, reflect: true }) vertical = false;
  @property({ type: Boolean }) loading = false;
  /** What the clouds show of a moment; none if there is nothing to ask. */
  @property({ attribute: false }) pictures: Pictures | null = null;
  /** Changes when there is a new picture. */
  @property({ type: Number }) version = 0;
  @property({ type: Boolean }) offline = false;
  /** Changes with the theme, so that colors are read again. */
  @property({ attribute: false }) theme: unknown;

  @state() private _range: Range = { start: 0, end: 1 };
  @state() private _hover: { row: Row | undefined; mark: EventMark | undefined; time: number; x: number; y: number } | null = null;
  /** The job whose progress is shown in its place. */
  @state() private _opened: string | null = null;
  @state() private _spoken = "";

  @query("canvas") private _canvas!: HTMLCanvasElement | null;
  @query(".track") private _track!: HTMLElement | null;
  @query(".selection") private _overlay!: HTMLElement | null;

  private _size = { along: 0, across: 0 };
  private _palette: Palette | undefined;
  private _frame = 0;
  private _mustPaint = false;
  private _mirrored = false;
  private _hasPictures = false;
  private _gesture: Gesture | null = null;
  private readonly _thumbs = new Thumbs(() => this._schedule());
  private readonly _pointers = new Map<number, Point>();
  private readonly _observer = new ResizeObserver(() => this._measure());

  override connectedCallback(): void {
    super.connectedCallback();
    if (this._track) this._observer.observe(this._track);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this._observer.disconnect();
    cancelAnimationFrame(this._frame);
    this._frame = 0;
    this._endGesture();
    this._pointers.clear();
    this.pictures?.forget("hover");
  }

  /** Show a part of the day, such as a selection that would be too narrow to be seen. */
  reveal(range: Range): void {
    const span = this._range.end - this._range.start;
    const length = range.end - range.start;
    const tooNarrow = (length / span) * this._size.along < 48;
    const wanted = tooNarrow ? length * 6 : Math.max(span, length * 1.2);
    if (!tooNarrow && range.start >= this._range.start && range.end <= this._range.end) return;
    const middle = (range.start + range.end) / 2;
    const most = this.bounds.end - this.bounds.start;
    const shown = clamp(wanted, MINUTE, most);
    // What is still to come is empty: there is little of it to be seen.
    const end = Math.min(middle + shown / 2, Math.max(this.now, range.end) + shown / 8);
    this._range = fit({ start: end - shown, end }, this.bounds);
  }

  focusTrack(): void {
    this._track?.focus({ preventScroll: true });
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("bounds")) {
      const old: Range | undefined = changed.get("bounds");
      if (old?.start !== this.bounds.start || old.end !== this.bounds.end) this._range = { ...this.bounds };
    }
    if (changed.has("rows")) {
      this._hasPictures = this.rows.some((row) => row.events.some((mark) => mark.event.picture));
      this._readJobs();
    }
    if (changed.has("theme")) this._palette = undefined;
    // With the language its direction may change. To ask at each update would cost a layout.
    if (changed.has("format") || changed.has("theme")) {
      this._mirrored = getComputedStyle(this).direction === "rtl";
    }
  }

  protected override firstUpdated(): void {
    if (this._track) {
      this._observer.observe(this._track);
      // Not passive: the page must not scroll while a finger selects.
      this._track.addEventListener("touchmove", (event) => this._touchMoved(event), { passive: false });
      this._track.addEventListener("wheel", (event) => this._wheel(event), { passive: false });
    }
    this._measure();
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("rows") || changed.has("vertical")) this._measure();
    this._schedule([...changed.keys()].some((key) => !OVERLAY_ONLY.has(key)));
  }

  private get _layout(): Layout {
    const hasPictures = this._hasPictures;
    if (!this.vertical) return horizontalLayout(hasPictures);
    const room = this._size.across - VERTICAL_AXIS;
    return verticalLayout(Math.max(LEAST_COLUMN, Math.floor(room / Math.max(this.rows.length, 1))), hasPictures);
  }

  private get _scale(): Scale {
    return {
      start: this._range.start,
      end: this._range.end,
      length: Math.max(this._size.along, 1),
      mirrored: this._mirrored && !this.vertical,
    };
  }

  /** How much the canvas takes across all lanes. */
  private get _across(): number {
    const { axis, row } = this._layout;
    return axis + row * Math.max(this.rows.length, 1);
  }

  private _measure(): void {
    const track = this._track;
    if (!track) return;
    const along = this.vertical ? track.clientHeight : track.clientWidth;
    const across = this.vertical ? (this.renderRoot.querySelector(".frame")?.clientWidth ?? 0) : 0;
    if (along === this._size.along && across === this._size.across && this._canvas?.width) {
      this._schedule();
      return;
    }
    this._size = { along, across };
    this.requestUpdate();
  }

  /** Draw at the next frame, once, however often something changes before. */
  private _schedule(hasCanvasChanged = true): void {
    this._mustPaint ||= hasCanvasChanged;
    this._frame ||= requestAnimationFrame(() => {
      this._frame = 0;
      if (this._mustPaint) this._paint();
      else this._placeOverlay();
    });
  }

  private _paint(): void {
    this._mustPaint = false;
    const canvas = this._canvas;
    if (!canvas || !this._size.along) return;
    const context = canvas.getContext("2d");
    if (!context) return;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = this.vertical ? [this._across, this._size.along] : [this._size.along, this._across];
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${String(width)}px`;
      canvas.style.height = `${String(height)}px`;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    draw(context, this._scene());
    this._placeOverlay();
  }

  private _scene(): Scene {
    this._palette ??= this._readPalette();
    return {
      layout: this._layout,
      scale: this._scale,
      rows: this.rows,
      now: this.now,
      format: this.format,
      palette: this._palette,
      across: this._across,
      mirroredAcross: this._mirrored && this.vertical,
      thumb: (source) => this._thumbs.get(source),
    };
  }

  private _readPalette(): Palette {
    const style = getComputedStyle(this);
    // A color as the canvas takes it: variables and mixtures are worked out by the browser.
    const probe = this.renderRoot.querySelector<HTMLElement>(".probe");
    const color = (value: string): string => {
      if (!probe) return value;
      probe.style.color = value;
      return getComputedStyle(probe).color;
    };
    const events = new Map(
      Object.values(LOOKS).map((look) => [
        look,
        color(`color-mix(in srgb, var(${look.color}, ${look.fallback}) 80%, var(--cd-text))`),
      ]),
    );
    return {
      text: color("var(--cd-text)"),
      faint: color("var(--cd-faint)"),
      line: color("var(--cd-line)"),
      ground: color("var(--cd-ground)"),
      footage: color("color-mix(in srgb, var(--cd-text) 38%, var(--cd-ground))"),
      clip: color("var(--cd-strong)"),
      onClip: color("var(--cd-on-strong)"),
      gap: color("var(--cd-ground)"),
      job: color("color-mix(in srgb, var(--warning-color, #ffa600) 80%, var(--cd-text))"),
      error: color("var(--cd-error)"),
      now: color("color-mix(in srgb, var(--error-color, #db4437) 80%, var(--cd-text))"),
      font: `12px ${style.fontFamily}`,
      events,
    };
  }

  /** Put the selection where it belongs, without a render. */
  private _placeOverlay(): void {
    const overlay = this._overlay;
    const { selection } = this;
    if (!overlay) return;
    const scale = this._scale;
    const visible = selection && selection.end > scale.start && selection.start < scale.end;
    overlay.hidden = !visible;
    if (!selection || !visible) return;
    const a = toPixel(scale, selection.start);
    const b = toPixel(scale, selection.end);
    const low = Math.min(a, b);
    const length = Math.max(Math.abs(b - a), 2);
    if (this.vertical) {
      overlay.style.transform = `translateY(${low.toFixed(1)}px)`;
      overlay.style.height = `${length.toFixed(1)}px`;
      overlay.style.width = "";
    } else {
      overlay.style.transform = `translateX(${low.toFixed(1)}px)`;
      overlay.style.width = `${length.toFixed(1)}px`;
      overlay.style.height = "";
    }
    // At the end of what is shown there is no room outside of the window.
    const [lowEdge, highEdge] = scale.mirrored ? [".end", ".start"] : [".start", ".end"];
    overlay.querySelector(`.handle${lowEdge}`)?.classList.toggle("inside", low < 16);
    overlay.querySelector(`.handle${highEdge}`)?.classList.toggle("inside", low + length > scale.length - 16);
  }

  // --- what is selected

  private _select(selection: Selection | null): void {
    this.selection = selection;
    this.dispatchEvent(new CustomEvent("selection-changed", { detail: selection }));
  }

  private get _selectable(): Range {
    // A little of what comes can be waited for.
    return { start: this.bounds.start, end: Math.max(Math.min(this.bounds.end, this.now + MINUTE), this.bounds.start + 1000) };
  }

  /** Every end of an event or clip of the cameras that are selected. */
  private *_points(entityIds: string[]): Iterable<number> {
    for (const row of this.rows) {
      if (!entityIds.includes(row.entityId)) continue;
      for (const marks of [row.events, row.clips]) {
        for (const mark of marks) {
          yield mark.start;
          yield mark.end;
        }
      }
    }
    yield this.now;
  }

  private _snapped(time: number, entityIds: string[]): number {
    const { start, end, length } = this._scale;
    return snap(time, this._points(entityIds), ((end - start) / length) * SNAP);
  }

  private _selectEvent(row: Row, mark: EventMark): void {
    const window = windowOf(mark);
    this._select({ ...window, entityIds: [row.entityId] });
    this.reveal(window);
    this._spoken = this.localize("timeline.event_selected", {
      what: kindName(this.localize, mark.kind),
      camera: row.name,
      time: this.format.seconds(window.start),
      length: this.format.spoken(window.end - window.start),
    });
  }

  private _neighbor(isNext: boolean): void {
    const { start, end } = this._range;
    const middle = (start + Math.min(end, Math.max(this.now, start))) / 2;
    const found = neighbor(this.rows, this.selection?.start ?? middle, isNext);
    if (found) this._selectEvent(found.row, found.mark);
    else this._spoken = this.localize("timeline.no_more_events");
  }

  // --- pointers

  private _point(event: { clientX: number; clientY: number }): Point {
    const box = this._track?.getBoundingClientRect();
    return { x: event.clientX - (box?.left ?? 0), y: event.clientY - (box?.top ?? 0) };
  }

  private _along(point: Point): number {
    return this.vertical ? point.y : point.x;
  }

  private _acrossOf(point: Point): number {
    if (!this.vertical) return point.y;
    return this._mirrored ? this._across - point.x : point.x;
  }

  private _timeAt(point: Point): number {
    return toTime(this._scale, this._along(point));
  }

  private _rowAt(point: Point): number {
    const { axis, row } = this._layout;
    return Math.floor((this._acrossOf(point) - axis) / row);
  }

  private _pressed(event: PointerEvent): void {
    if (event.button !== 0 && event.button !== 1) return;
    const point = this._point(event);
    this._pointers.set(event.pointerId, point);
    this._setHover(null);
    const edge = (event.target as HTMLElement).dataset.edge as Edge | undefined;
    if (this._pointers.size === 2) {
      this._endGesture();
      this._gesture = { kind: "pinching", distance: this._spread() };
      return;
    }
    if (this._pointers.size > 2) return;
    this._track?.setPointerCapture(event.pointerId);
    if (edge && this.selection) {
      this._gesture = { kind: "edge", edge, grip: this._timeAt(point) - this.selection[edge] };
      return;
    }
    const row = this._rowAt(point);
    const onAxis = row < 0;
    if (event.button === 1 || event.shiftKey) {
      event.preventDefault();
      this._gesture = { kind: "panning", last: this._along(point) };
      return;
    }
    const timer =
      event.pointerType === "touch"
        ? window.setTimeout(() => this._longPressed(point, row), LONG_PRESS_MS)
        : undefined;
    this._gesture = { kind: "pending", at: point, row, onAxis, timer };
  }

  private _longPressed(point: Point, row: number): void {
    if ("vibrate" in navigator) navigator.vibrate(10);
    this._beginSelection(point, row);
    const time = this._timeAt(point);
    const span = ((this._range.end - this._range.start) / this._size.along) * 24;
    this._dragSelection(time + span);
  }

  /** The cameras that a drag on a row selects; on the axis it is all that are shown. */
  private _rowsOf(row: number): string[] {
    const one = this.rows[row];
    if (!one) return this.selection?.entityIds ?? this.rows.map((each) => each.entityId);
    const chosen = this.selection?.entityIds ?? [];
    return chosen.includes(one.entityId) ? chosen : [one.entityId];
  }

  private _beginSelection(point: Point, row: number): void {
    const entityIds = this._rowsOf(row);
    this._gesture = { kind: "selecting", anchor: this._snapped(this._timeAt(point), entityIds), entityIds };
  }

  private _dragSelection(time: number): void {
    if (this._gesture?.kind !== "selecting") return;
    const { anchor, entityIds } = this._gesture;
    this._select({ ...between(anchor, this._snapped(time, entityIds), this._selectable), entityIds });
  }

  private _moved(event: PointerEvent): void {
    const point = this._point(event);
    const gesture = this._gesture;
    if (!this._pointers.has(event.pointerId)) {
      if (event.pointerType === "mouse") this._showHover(point);
      return;
    }
    const before = this._pointers.get(event.pointerId) ?? point;
    this._pointers.set(event.pointerId, point);
    switch (gesture?.kind) {
      case "pending": {
        if (Math.hypot(point.x - gesture.at.x, point.y - gesture.at.y) < SLOP) return;
        window.clearTimeout(gesture.timer);
        if (event.pointerType === "touch" || gesture.onAxis) {
          this._gesture = { kind: "panning", last: this._along(point) };
        } else {
          this._beginSelection(gesture.at, gesture.row);
          this._dragSelection(this._timeAt(point));
        }
        return;
      }
      case "selecting":
        this._dragSelection(this._timeAt(point));
        this._showHover(point);
        return;
      case "edge": {
        if (!this.selection) return;
        const time = this._snapped(this._timeAt(point) - gesture.grip, this.selection.entityIds);
        this._select({ ...this.selection, ...moveEdge(this.selection, gesture.edge, time, this._selectable) });
        this._showHover(point);
        return;
      }
      case "panning":
        this._panPixels(this._along(point) - gesture.last);
        gesture.last = this._along(point);
        return;
      case "pinching": {
        const distance = this._spread();
        const middle = this._middle();
        if (distance > 0 && gesture.distance > 0) {
          this._zoom(gesture.distance / distance, toTime(this._scale, middle));
          // Both fingers together also move it.
          this._panPixels((this._along(point) - this._along(before)) / 2);
        }
        gesture.distance = distance;
        return;
      }
      default:
    }
  }

  private _released(event: PointerEvent): void {
    const gesture = this._gesture;
    const wasKnown = this._pointers.delete(event.pointerId);
    if (!wasKnown) return;
    if (gesture?.kind === "pinching") {
      // The finger that stays does not begin anything new.
      if (!this._pointers.size) this._gesture = null;
      return;
    }
    this._endGesture();
    if (event.type === "pointerup" && gesture?.kind === "pending" && !gesture.onAxis) this._tapped(gesture.at);
  }

  private _endGesture(): void {
    if (this._gesture?.kind === "pending") window.clearTimeout(this._gesture.timer);
    if (this._gesture) this._setHover(null);
    this._gesture = null;
  }

  private _tapped(point: Point): void {
    const row = this.rows[this._rowAt(point)];
    if (!row) return;
    const lanes = this._layout;
    const across = (this._acrossOf(point) - lanes.axis) % lanes.row;
    const onClips = Math.abs(across - lanes.clips.at - lanes.clips.size / 2) <= lanes.clips.size / 2 + 3;
    const reach = ((this._range.end - this._range.start) / this._size.along) * 10;
    const time = this._timeAt(point);
    if (onClips) {
      const job = row.jobs.find((one) => one.start - reach <= time && time <= one.end + reach);
      if (job) {
        this._opened = job.job.id;
        return;
      }
      const mark = row.clips.find((one) => one.start - reach <= time && time <= one.end + reach);
      if (mark) {
        this.dispatchEvent(new CustomEvent("clip-opened", { detail: mark.clip }));
        return;
      }
    }
    const mark = this._eventAt(row, point);
    if (mark) this._selectEvent(row, mark);
  }

  /** The event whose icon or bar lies at a place. */
  private _eventAt(row: Row, point: Point): EventMark | undefined {
    const along = this._along(point);
    const { pictures, axis, row: size } = this._layout;
    const across = ((this._acrossOf(point) - axis) % size) - (pictures?.at ?? 0);
    if (pictures && across >= 0 && across <= pictures.size) {
      const room = thumbRoom(this._layout);
      return slots(row.events, this._scale, room, this.now).find((one) => Math.abs(one.along - along) <= room / 2)?.mark;
    }
    const near = cluster(row.events, this._scale)
      .filter((one) => Math.abs(one.along - along) <= 14)
      .sort((a, b) => Math.abs(a.along - along) - Math.abs(b.along - along))[0];
    if (near) return near.mark;
    const time = this._timeAt(point);
    return row.events.find((mark) => mark.start <= time && time <= mark.end);
  }

  private _showHover(point: Point): void {
    const time = this._timeAt(point);
    const row = this.rows[this._rowAt(point)];
    this._setHover({ row, mark: row && this._eventAt(row, point), time, x: point.x, y: point.y });
  }

  private _left(): void {
    this._setHover(null);
  }

  private _setHover(hover: typeof this._hover): void {
    this._hover = hover;
    if (hover?.row && !hover.mark?.event.picture && hasPicture(hover.row, hover.time, this.now)) {
      this.pictures?.want("hover", hover.row.entityId, hover.time, this._pixels(2));
    } else this.pictures?.forget("hover");
  }

  /** So much time has so many pixels. */
  private _pixels(count: number): number {
    return ((this._range.end - this._range.start) / Math.max(this._size.along, 1)) * count;
  }

  private _spread(): number {
    const [a, b] = [...this._pointers.values()];
    return a && b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
  }

  private _middle(): number {
    const [a, b] = [...this._pointers.values()];
    return a && b ? (this._along(a) + this._along(b)) / 2 : 0;
  }

  private _touchMoved(event: TouchEvent): void {
    const kind = this._gesture?.kind;
    if (kind === "selecting" || kind === "edge" || kind === "pinching" || event.touches.length > 1) {
      if (event.cancelable) event.preventDefault();
    }
  }

  private _wheel(event: WheelEvent): void {
    const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const before = this._range;
    const point = this._point(event);
    if (sideways) {
      this._panPixels(-(event.deltaX || event.deltaY) * lines * (this._mirrored ? -1 : 1) * (this._scale.mirrored ? -1 : 1));
    } else {
      const strength = event.ctrlKey ? 0.01 : 0.0016;
      this._zoom(Math.exp(event.deltaY * lines * strength), this._timeAt(point));
    }
    if (this._hover) this._showHover(point);
    // What cannot be zoomed out further lets the page scroll.
    if (before.start !== this._range.start || before.end !== this._range.end || event.ctrlKey) event.preventDefault();
  }

  private _panPixels(pixels: number): void {
    const { start, end, length, mirrored } = this._scale;
    const by = ((end - start) / length) * pixels * (mirrored ? 1 : -1);
    this._range = pan(this._range, this.bounds, by);
  }

  private _zoom(factor: number, anchor?: number): void {
    const { start, end } = this._range;
    const chosen = this.selection ? (this.selection.start + this.selection.end) / 2 : null;
    const inSight = chosen !== null && chosen >= start && chosen <= end ? chosen : (start + end) / 2;
    this._range = zoom(this._range, this.bounds, factor, anchor ?? inSight);
  }

  private get _isWhole(): boolean {
    return this._range.start === this.bounds.start && this._range.end === this.bounds.end;
  }

  // --- keys

  private _key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
    const { key } = event;
    if (key === "+" || key === "=") this._zoom(0.5);
    else if (key === "-") this._zoom(2);
    else if (key === "0") this._range = { ...this.bounds };
    else if (key === "]" || key === ".") this._neighbor(true);
    else if (key === "[" || key === ",") this._neighbor(false);
    else if (key === "Escape" && this.selection) this._select(null);
    else if (event.target !== this._track) return;
    else if (key === "Home") this._range = fit({ ...this._range, ...this._shifted(this.bounds.start) }, this.bounds);
    else if (key === "End") this._range = fit(this._shifted(this.bounds.end), this.bounds);
    else if (key === "Enter" || key === " ") this._selectMiddle();
    else if (AXIS_KEYS.has(key)) {
      const step = (this._range.end - this._range.start) / 10;
      const way = keyStep(key, true, this._scale.mirrored, this.vertical) ?? 0;
      this._range = pan(this._range, this.bounds, Math.sign(way) * step);
    } else return;
    event.preventDefault();
  }

  private _shifted(start: number): Range {
    return { start, end: start + this._range.end - this._range.start };
  }

  /** Begin a selection without a pointer, a tenth of what is shown, and go to its first edge. */
  private _selectMiddle(): void {
    const { start, end } = this._range;
    const most = Math.min(end, this._selectable.end);
    const middle = (start + most) / 2;
    const half = Math.max((end - start) / 20, 5000);
    this._select({ ...between(middle - half, middle + half, this._selectable), entityIds: this._rowsOf(-1) });
    void this.updateComplete.then(() => {
      this._paint();
      this.renderRoot.querySelector<HTMLElement>(".handle")?.focus();
    });
  }

  private _edgeKey(event: KeyboardEvent, edge: Edge): void {
    if (!this.selection || event.altKey || event.ctrlKey || event.metaKey) return;
    const step = keyStep(event.key, event.shiftKey, this._scale.mirrored, this.vertical);
    let time: number | null = step === null ? null : this.selection[edge] + step;
    if (event.key === "Home") time = edge === "start" ? this._selectable.start : this.selection.start;
    if (event.key === "End") time = edge === "end" ? this._selectable.end : this.selection.end;
    if (time === null) return;
    event.preventDefault();
    event.stopPropagation();
    const range = moveEdge(this.selection, edge, time, this._selectable);
    this._select({ ...this.selection, ...range });
    if (this.selection[edge] < this._range.start || this.selection[edge] > this._range.end) this.reveal(range);
  }

  // --- what is shown

  protected override render(): TemplateResult {
    const { localize } = this;
    const span = this.localize("timeline.label", {
      from: this.format.time(this._range.start),
      to: this.format.time(this._range.end),
      date: this.format.date(this.bounds.start),
    });
    return html`
      <div class="tools">
        <slot name="presets"></slot>
        <div class="buttons" role="group" aria-label=${localize("timeline.tools")}>
        ${this._tool("timeline.previous_event", mdiSkipPrevious, () => this._neighbor(false))}
        ${this._tool("timeline.next_event", mdiSkipNext, () => this._neighbor(true))}
        ${this._tool("timeline.zoom_out", mdiMagnifyMinusOutline, () => this._zoom(2), this._isWhole)}
        ${this._tool("timeline.zoom_in", mdiMagnifyPlusOutline, () => this._zoom(0.5))}
        ${this._tool(
          "timeline.whole_day",
          this.vertical ? mdiArrowExpandVertical : mdiArrowExpandHorizontal,
          () => (this._range = { ...this.bounds }),
          this._isWhole,
        )}
        </div>
      </div>
      <div class="frame">
        <div class="labels">${this.rows.map((row) => this._label(row))}</div>
        <div
          class="track ${this._isWhole ? "whole" : ""}"
          role="group"
          tabindex="0"
          aria-label=${span}
          aria-describedby="help"
          style=${this.vertical ? `width: ${String(this._across)}px` : `height: ${String(this._across)}px`}
          @pointerdown=${this._pressed}
          @pointermove=${this._moved}
          @pointerup=${this._released}
          @pointercancel=${this._released}
          @pointerleave=${this._left}
          @contextmenu=${this._noMenu}
          @keydown=${this._key}
        >
          <canvas aria-hidden="true"></canvas>
          <div class="selection" hidden>
            ${this._band()} ${this._handle("start")} ${this._handle("end")}
          </div>
          ${this._tip()} ${this.loading ? html`<div class="shimmer"></div>` : nothing}
        </div>
        <div class="over">${this._job()}</div>
      </div>
      <p id="help" class="hidden-text">${localize("timeline.help")}</p>
      <p class="hidden-text" role="status">${this._spoken}</p>
      <span class="probe" hidden></span>
    `;
  }

  private _tool(
    key: Parameters<Localize>[0],
    path: string,
    act: () => void,
    disabled = false,
  ): TemplateResult {
    const label = this.localize(key);
    return html`<button class="icon" aria-label=${label} title=${label} ?disabled=${disabled} @click=${act}>
      ${icon(path)}
    </button>`;
  }

  private _label(row: Row): TemplateResult {
    const isChosen = this.selection?.entityIds.includes(row.entityId) ?? false;
    return html`<div class="label ${isChosen ? "chosen" : ""}" style=${this._labelStyle()} title=${row.name}>
      <span dir="auto">${row.name}</span>
    </div>`;
  }

  private _labelStyle(): string {
    const size = `${String(this._layout.row)}px`;
    return this.vertical ? `width: ${size}` : `height: ${size}`;
  }

  /** The selection over the cameras that it is for. */
  private _band(): TemplateResult {
    const { axis, row } = this._layout;
    const chosen = this.selection?.entityIds ?? [];
    return html`${this.rows.map((one, index) => {
      if (!chosen.includes(one.entityId)) return nothing;
      const at = `${String(axis + index * row)}px`;
      const size = `${String(row)}px`;
      return html`<div
        class="band"
        style=${this.vertical ? `inset-inline-start: ${at}; width: ${size}` : `top: ${at}; height: ${size}`}
      ></div>`;
    })}`;
  }

  private _handle(edge: Edge): TemplateResult {
    const { selection, format, localize } = this;
    const limits = this._selectable;
    const time = selection?.[edge] ?? limits.start;
    const text = localize("timeline.edge_value", {
      time: format.seconds(time),
      length: format.spoken(selection ? selection.end - selection.start : 0),
    });
    return html`<div
      class="handle ${edge}"
      data-edge=${edge}
      role="slider"
      tabindex="0"
      aria-label=${localize(edge === "start" ? "timeline.start_edge" : "timeline.end_edge")}
      aria-orientation=${this.vertical ? "vertical" : "horizontal"}
      aria-valuemin=${Math.round(limits.start / 1000)}
      aria-valuemax=${Math.round(limits.end / 1000)}
      aria-valuenow=${Math.round(time / 1000)}
      aria-valuetext=${text}
      @keydown=${(event: KeyboardEvent) => this._edgeKey(event, edge)}
    ></div>`;
  }

  /** What lies below the pointer; while an edge is dragged, what is seen there. */
  private _tip(): TemplateResult | typeof nothing {
    const hover = this._hover;
    const gesture = this._gesture?.kind;
    if (!hover || (gesture && gesture !== "selecting" && gesture !== "edge")) return nothing;
    const { row, mark } = hover;
    const at = gesture ? this._nearestEdge(hover.time) : hover.time;
    const isNear = this._range.end - this._range.start < 4 * HOUR || gesture !== undefined;
    const time = isNear ? this.format.seconds(at) : this.format.time(at);
    const shot = row ? this._shotOf(row, mark, at) : null;
    const width = this._track?.clientWidth ?? 0;
    const note = !mark && !gesture ? this._note(row, at, shot) : "";
    const half = note.length > 40 ? 150 : shot ? 90 : 70;
    const x = clamp(hover.x, half, Math.max(width - half, half));
    const down = hover.y < (shot ? TIP_ROOM : 40) ? `${String(hover.y + 22)}px` : `calc(${String(hover.y - 10)}px - 100%)`;
    // Moved like this it is not laid out or drawn anew.
    const place = `transform: translate(calc(${String(x)}px - 50%), ${down})`;
    return html`<div class="tip" aria-hidden="true" style=${place}>
      ${shot ? html`<img src=${shot.picture} alt="" />` : nothing}
      ${mark && !gesture
        ? html`<b>${kindName(this.localize, mark.kind)}</b> ${this.format.seconds(mark.start)}
            ${mark.end > mark.start ? `· ${this.format.length(mark.end - mark.start)}` : nothing}`
        : html`<b>${time}</b> ${gesture && this.selection
              ? `· ${this.format.length(this.selection.end - this.selection.start)}`
              : note}`}
    </div>`;
  }

  /** The edge that is dragged, where it snapped to. */
  private _nearestEdge(time: number): number {
    const { start, end } = this.selection ?? { start: time, end: time };
    return Math.abs(start - time) < Math.abs(end - time) ? start : end;
  }

  /** The picture of an event or moment: the cloud's nearest, else that of an event close by. */
  private _shotOf(row: Row, mark: EventMark | undefined, time: number): Shot | null {
    if (mark?.event.picture && !this._gesture) return { picture: mark.event.picture, at: mark.start };
    return this.pictures?.near(row.entityId, time, this._pixels(NEAR)) ?? eventShot(row, time, this._pixels(NEAR));
  }

  private _note(row: Row | undefined, time: number, shot: Shot | null): string {
    if (shot) {
      const isOther = Math.abs(shot.at - time) >= MINUTE;
      return isOther ? this.localize("timeline.picture_of", { time: this.format.seconds(shot.at) }) : "";
    }
    if (!row) return "";
    const state = availability(row, time, this.now);
    switch (state) {
      case "refused":
        return refusedIn(row, { start: time, end: time })?.reason ?? "";
      case "none":
      case "gone":
      case "only_motion":
      case "not_yet":
        return this.localize(`timeline.${state}`);
      default:
        return "";
    }
  }

  // --- jobs in their place

  private _jobsBefore = new Set<string>();

  /** Show a job that was just asked for here; put it away when it is done. */
  private _readJobs(): void {
    const jobs = this.rows.flatMap((row) => row.jobs);
    if (this._opened !== null && !jobs.some(({ job }) => job.id === this._opened)) this._opened = null;
    const saved = this._saved;
    const fresh = saved && jobs.find((mark) => !this._jobsBefore.has(mark.job.id) && mark.start === saved.start && mark.end === saved.end);
    if (fresh) {
      this._opened = fresh.job.id;
      this._saved = null;
    }
    this._jobsBefore = new Set(jobs.map(({ job }) => job.id));
  }

  private _saved: Range | null = null;

  /** Show the job of a window in its place as soon as there is one. */
  follow(window: Range): void {
    this._saved = window;
    const known = this.rows.flatMap((row) => row.jobs).find((mark) => mark.start === window.start && mark.end === window.end);
    if (!known || known.failed) return;
    this._opened = known.job.id;
    this._saved = null;
  }

  private _job(): TemplateResult | typeof nothing {
    const index = this.rows.findIndex((row) => row.jobs.some(({ job }) => job.id === this._opened));
    const row = this.rows[index];
    const mark = row?.jobs.find(({ job }) => job.id === this._opened);
    // One of another day has no place here.
    if (!row || !mark || mark.end < this.bounds.start || mark.start > this.bounds.end) return nothing;
    return html`<clip-download-job
      class="job"
      style=${this._jobPlace(mark, index)}
      .job=${mark.job}
      .row=${row}
      .format=${this.format}
      .localize=${this.localize}
      .now=${this.now}
      .offline=${this.offline}
      @closed=${() => this._closeJob()}
      @cancel=${this._passJob}
      @retry=${this._passJob}
      @sign-in=${this._passJob}
      @window-chosen=${this._passJob}
      @keydown=${(event: KeyboardEvent) => event.key === "Escape" && this._closeJob()}
    ></clip-download-job>`;
  }

  /** Below its bar, as far as there is room beside the frame's ends. */
  private _jobPlace(mark: JobMark, index: number): string {
    const along = clamp(toPixel(this._scale, (mark.start + mark.end) / 2), 0, this._size.along);
    const { axis, row, clips } = this._layout;
    if (this.vertical) return `top: ${String(Math.round(clamp(along + 12, 0, Math.max(this._size.along - JOB_ROOM, 0))))}px`;
    const left = clamp(along - 150, 0, Math.max(this._size.along - 300, 0));
    return `left: ${String(Math.round(left))}px; top: ${String(axis + index * row + clips.at + clips.size + 6)}px`;
  }

  private _closeJob(): void {
    this._opened = null;
    this.focusTrack();
  }

  private _passJob(event: CustomEvent<Job>): void {
    if (event.type !== "cancel") this._closeJob();
    this.dispatchEvent(new CustomEvent(event.type, { detail: event.detail }));
  }

  private _noMenu(event: Event): void {
    // A long press selects.
    if (this._gesture) event.preventDefault();
  }

  static override styles = [
    shared,
    css`
      :host {
        display: block;
      }
      .tools {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 4px 16px;
        margin-bottom: 4px;
      }
      .buttons {
        display: flex;
        margin-inline-start: auto;
      }
      :host([vertical]) .buttons {
        width: 100%;
        justify-content: space-between;
      }
      .frame {
        display: flex;
        position: relative;
      }
      .labels {
        flex: none;
        width: 132px;
        padding-top: 28px;
      }
      .label {
        display: flex;
        align-items: center;
        padding-inline-end: 12px;
        font-weight: 500;
        border-top: 1px solid var(--cd-line);
      }
      .label span {
        display: -webkit-box;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 2;
        overflow: hidden;
        overflow-wrap: anywhere;
      }
      .label.chosen {
        color: var(--cd-link);
      }
      .track {
        position: relative;
        flex: 1;
        min-width: 0;
        overflow: clip;
        cursor: crosshair;
        user-select: none;
        -webkit-user-select: none;
        -webkit-touch-callout: none;
        touch-action: pan-y;
        border-radius: 4px;
      }
      canvas {
        display: block;
        pointer-events: none;
      }
      .selection {
        position: absolute;
        inset: 28px auto 0 0;
        pointer-events: none;
        will-change: transform;
      }
      .selection::before {
        content: "";
        position: absolute;
        inset: 0;
        background: var(--cd-primary);
        opacity: 0.1;
        border-inline: 2px solid var(--cd-link);
      }
      .band {
        position: absolute;
        inset-inline: 0;
        margin-top: -28px;
        background: var(--cd-primary);
        opacity: 0.2;
      }
      .handle {
        position: absolute;
        pointer-events: auto;
        top: 0;
        bottom: 0;
        width: 44px;
        cursor: ew-resize;
        touch-action: none;
      }
      /* The one lies before the window, the other behind: they never cover each other. */
      .handle.start {
        inset-inline-end: calc(100% - 4px);
      }
      .handle.end {
        inset-inline-start: calc(100% - 4px);
      }
      .handle::after {
        content: "";
        position: absolute;
        top: 50%;
        width: 14px;
        height: 40px;
        transform: translateY(-50%);
        border-radius: 7px;
        background:
          linear-gradient(var(--cd-on-strong), var(--cd-on-strong)) center / 2px 16px no-repeat,
          var(--cd-strong);
        box-shadow: 0 0 0 2px var(--cd-ground);
      }
      .handle.start::after {
        inset-inline-end: 0;
      }
      .handle.end::after {
        inset-inline-start: 0;
      }
      .handle.start.inside,
      .handle.start.inside::after {
        inset-inline: 0 auto;
      }
      .handle.end.inside,
      .handle.end.inside::after {
        inset-inline: auto 0;
      }
      .handle:focus-visible {
        outline: none;
      }
      .handle:focus-visible::after {
        outline: 3px solid var(--cd-link);
        outline-offset: 3px;
      }
      .tip {
        position: absolute;
        inset: 0 auto auto 0;
        contain: layout;
        will-change: transform;
        pointer-events: none;
        background: var(--cd-ground);
        color: var(--cd-text);
        border: 1px solid var(--cd-line);
        border-radius: var(--cd-radius);
        padding: 4px 8px;
        font-size: 12px;
        line-height: 16px;
        width: max-content;
        max-width: 280px;
        overflow-wrap: anywhere;
        box-shadow: 0 2px 8px rgba(0, 0, 0, 0.25);
        z-index: 1;
      }
      .tip img {
        display: block;
        width: 160px;
        height: 90px;
        object-fit: cover;
        margin: -4px -8px 4px;
        border-radius: 7px 7px 0 0;
      }
      .over {
        position: absolute;
        inset-block: 0;
        inset-inline: 132px 0;
        pointer-events: none;
      }
      :host([vertical]) .over {
        inset-inline: 0;
        top: 44px;
      }
      .job {
        position: absolute;
        pointer-events: auto;
        z-index: 2;
      }
      :host([vertical]) .job {
        inset-inline-end: 0;
        width: min(300px, calc(100% - ${VERTICAL}));
      }
      .shimmer {
        position: absolute;
        inset: 28px 0 0;
        background: linear-gradient(90deg, transparent, var(--cd-soft), transparent) 0 0 / 50% 100% no-repeat;
        animation: shimmer 1.4s linear infinite;
        pointer-events: none;
      }
      @keyframes shimmer {
        from {
          background-position: -100% 0;
        }
        to {
          background-position: 200% 0;
        }
      }
      @media (prefers-reduced-motion: reduce) {
        .shimmer {
          animation: none;
        }
      }

      :host([vertical]) .frame {
        display: block;
        overflow-x: auto;
      }
      :host([vertical]) .labels {
        display: flex;
        width: max-content;
        padding: 0;
        padding-inline-start: ${VERTICAL};
      }
      :host([vertical]) .label {
        min-height: 44px;
        padding: 4px 6px;
        border: 0;
        border-inline-start: 1px solid var(--cd-line);
        font-size: 13px;
        line-height: 16px;
      }
      :host([vertical]) .track {
        height: var(--clip-download-timeline-height, 52vh);
        min-height: 320px;
        touch-action: none;
      }
      /* A whole day cannot be moved: the page may. */
      :host([vertical]) .track.whole {
        touch-action: pan-y;
      }
      :host([vertical]) .selection {
        inset: 0 0 auto 0;
        inset-inline-start: ${VERTICAL};
      }
      :host([vertical]) .selection::before {
        border: 0;
        border-block: 2px solid var(--cd-link);
      }
      :host([vertical]) .band {
        inset-block: 0;
        inset-inline: auto;
        margin: 0;
        margin-inline-start: -${VERTICAL};
      }
      :host([vertical]) .handle {
        inset: auto 0;
        width: auto;
        height: 44px;
        cursor: ns-resize;
      }
      :host([vertical]) .handle.start {
        bottom: calc(100% - 4px);
      }
      :host([vertical]) .handle.end {
        top: calc(100% - 4px);
      }
      :host([vertical]) .handle.inside {
        inset-inline: 0;
      }
      :host([vertical]) .handle.start.inside {
        inset-block: 0 auto;
      }
      :host([vertical]) .handle.end.inside {
        inset-block: auto 0;
      }
      :host([vertical]) .handle::after {
        top: auto;
        inset-inline: auto;
        left: 50%;
        width: 40px;
        height: 14px;
        transform: translateX(-50%);
        background:
          linear-gradient(var(--cd-on-strong), var(--cd-on-strong)) center / 16px 2px no-repeat,
          var(--cd-strong);
      }
      :host([vertical]) .handle.start::after {
        bottom: 0;
      }
      :host([vertical]) .handle.end::after {
        top: 0;
      }
      :host([vertical]) .handle.inside::after {
        inset-inline: auto;
        left: 50%;
      }
      :host([vertical]) .handle.start.inside::after {
        inset-block: 0 auto;
      }
      :host([vertical]) .handle.end.inside::after {
        inset-block: auto 0;
      }
    `,
  ];
}
