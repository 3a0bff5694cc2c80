import type { Format } from "../format";
import { type EventLook, mdiPin } from "../icons";
import { MINUTE } from "../time";
import type { ClipMark, EventMark, JobMark, Row } from "./model";
import { type Range, type Scale, ticks, toPixel } from "./scale";

/** The timeline's canvas: "along" is where time goes, "across" is from lane to lane. */

interface Lane {
  at: number;
  size: number;
}

export interface Layout {
  vertical: boolean;
  /** How much the axis with the hours takes. */
  axis: number;
  /** How much one camera takes. */
  row: number;
  icons: Lane;
  events: Lane;
  cloud: Lane;
  clips: Lane;
  /** Where the pictures of events are; null where there is no room, or none of them has one. */
  pictures: Lane | null;
}

/** A picture in a lane. */
export const THUMB = { width: 64, height: 36 };

const HORIZONTAL: Layout = {
  vertical: false,
  axis: 28,
  row: 72,
  icons: { at: 6, size: 18 },
  events: { at: 26, size: 4 },
  cloud: { at: 34, size: 10 },
  clips: { at: 48, size: 16 },
  pictures: null,
};

/** The lanes of a line that goes across; pictures have a lane of their own below the icons. */
export const horizontalLayout = (hasPictures: boolean): Layout => {
  if (!hasPictures) return HORIZONTAL;
  const by = THUMB.height + 4;
  const lower = (lane: Lane): Lane => ({ at: lane.at + by, size: lane.size });
  return {
    ...HORIZONTAL,
    row: HORIZONTAL.row + by,
    events: lower(HORIZONTAL.events),
    cloud: lower(HORIZONTAL.cloud),
    clips: lower(HORIZONTAL.clips),
    pictures: { at: 26, size: THUMB.height },
  };
};

/** Room for `12:30 PM` beside the lanes. */
export const VERTICAL_AXIS = 64;

/** A vertical row is as wide as there is room. */
export const verticalLayout = (row: number, hasPictures: boolean): Layout => ({
  vertical: true,
  axis: VERTICAL_AXIS,
  row,
  icons: { at: 44, size: 18 },
  events: { at: 38, size: 4 },
  cloud: { at: 4, size: 10 },
  clips: { at: 18, size: 16 },
  pictures: hasPictures && row >= VERTICAL_PICTURES + THUMB.width ? { at: VERTICAL_PICTURES, size: THUMB.width } : null,
});

/** How far into a vertical row its pictures begin. */
const VERTICAL_PICTURES = 70;

/** Colors and type, as the theme has them. */
export interface Palette {
  text: string;
  faint: string;
  line: string;
  ground: string;
  footage: string;
  clip: string;
  onClip: string;
  gap: string;
  job: string;
  error: string;
  now: string;
  font: string;
  events: Map<EventLook, string>;
}

export interface Scene {
  layout: Layout;
  scale: Scale;
  rows: Row[];
  now: number;
  format: Format;
  palette: Palette;
  /** Pixels across all rows and the axis. */
  across: number;
  /** Whether across is counted from the right. */
  mirroredAcross: boolean;
  /** A picture, as large as it is drawn, or nothing if it is not loaded. */
  thumb(source: string): CanvasImageSource | undefined;
}

const paths = new Map<string, Path2D>();

const pathOf = (icon: string): Path2D => {
  let path = paths.get(icon);
  if (!path) {
    path = new Path2D(icon);
    paths.set(icon, path);
  }
  return path;
};

/** Draws boxes that are given along and across. */
class Pen {
  constructor(
    readonly context: CanvasRenderingContext2D,
    readonly scene: Scene,
  ) {}

  /** Draw a box of a time range within the visible part; nothing if it is out of sight. */
  span(range: Range, across: number, size: number, least = 1, radius = 0): boolean {
    const box = this.box(range, across, size, least);
    if (!box) return false;
    const { context } = this;
    if (radius && box[2] > 2 * radius && box[3] > radius) {
      context.beginPath();
      context.roundRect(...box, Math.min(radius, box[2] / 2, box[3] / 2));
      context.fill();
    } else {
      context.fillRect(...box);
    }
    return true;
  }

  box(range: Range, across: number, size: number, least = 1): [number, number, number, number] | null {
    const { scale, layout } = this.scene;
    if (range.end < scale.start || range.start > scale.end) return null;
    const a = toPixel(scale, range.start);
    const b = toPixel(scale, range.end);
    let low = Math.max(Math.min(a, b), -4);
    let length = Math.min(Math.max(a, b), scale.length + 4) - low;
    if (length < least) {
      low -= (least - length) / 2;
      length = least;
    }
    const start = this.across(across, size);
    return layout.vertical ? [start, low, size, length] : [low, start, length, size];
  }

  across(at: number, size: number): number {
    return this.scene.mirroredAcross ? this.scene.across - at - size : at;
  }

  /** A line across at a time. */
  line(time: number, from: number, to: number, width = 1): void {
    const along = Math.round(toPixel(this.scene.scale, time) - width / 2);
    const start = this.across(from, to - from);
    if (this.scene.layout.vertical) this.context.fillRect(start, along, to - from, width);
    else this.context.fillRect(along, start, width, to - from);
  }

  /** An icon whose middle lies at a place along. */
  icon(icon: string, along: number, across: number, size: number): void {
    const { context } = this;
    const start = this.across(across, size);
    context.save();
    if (this.scene.layout.vertical) context.translate(start, along - size / 2);
    else context.translate(along - size / 2, start);
    context.scale(size / 24, size / 24);
    context.fill(pathOf(icon));
    context.restore();
  }
}

/** A pattern of slanted lines that stays where it is while the time moves below it. */
const hatches = new WeakMap<CanvasRenderingContext2D, Map<string, CanvasPattern>>();

const hatch = (context: CanvasRenderingContext2D, color: string, width = 1): CanvasPattern | string => {
  let known = hatches.get(context);
  if (!known) {
    known = new Map<string, CanvasPattern>();
    hatches.set(context, known);
  }
  const key = `${color} ${String(width)}`;
  const found = known.get(key);
  if (found) return found;
  const ratio = window.devicePixelRatio || 1;
  const side = 6;
  const tile = document.createElement("canvas");
  tile.width = tile.height = side * ratio;
  const ink = tile.getContext("2d");
  if (!ink) return color;
  ink.scale(ratio, ratio);
  ink.strokeStyle = color;
  ink.lineWidth = width;
  ink.beginPath();
  for (const shift of [-side, 0, side]) {
    ink.moveTo(shift - 1, side + 1);
    ink.lineTo(shift + side + 1, -1);
  }
  ink.stroke();
  const pattern = context.createPattern(tile, "repeat");
  if (!pattern) return color;
  pattern.setTransform(new DOMMatrix().scale(1 / ratio));
  known.set(key, pattern);
  return pattern;
};

/** Icons nearer to each other than this are drawn as one. */
const ICON_ROOM = 20;

export interface Cluster {
  /** The event whose icon is shown. */
  mark: EventMark;
  /** Where along its middle lies. */
  along: number;
  count: number;
}

/** Put events whose icons would overlap together; the most important one is shown. */
export const cluster = (events: EventMark[], scale: Scale): Cluster[] => {
  const found: Cluster[] = [];
  const inSight = events.filter((mark) => mark.end >= scale.start && mark.start <= scale.end);
  if (scale.mirrored) inSight.reverse();
  for (const mark of inSight) {
    const along = toPixel(scale, (Math.max(mark.start, scale.start) + Math.min(mark.end, scale.end)) / 2);
    const last = found.at(-1);
    if (last && along - last.along < ICON_ROOM) {
      last.count += 1;
      if (mark.look.rank < last.mark.look.rank) last.mark = mark;
    } else {
      found.push({ mark, along, count: 1 });
    }
  }
  return found;
};

export interface Slot {
  mark: EventMark;
  picture: string;
  /** Where along its middle lies. */
  along: number;
}

/**
 * Choose the events whose pictures are shown: one in each stretch that has room for one, the most important.
 *
 * The stretches begin at round times, so that pictures do not change while the time is moved.
 */
export const slots = (events: EventMark[], scale: Scale, room: number, now: number): Slot[] => {
  const stretch = ((scale.end - scale.start) / scale.length) * (room + 4);
  const best = new Map<number, EventMark>();
  for (const mark of events) {
    if (!mark.event.picture || mark.start > scale.end + stretch || mark.end < scale.start - stretch) continue;
    const index = Math.floor(mark.start / stretch);
    const other = best.get(index);
    if (!other || mark.look.rank < other.look.rank) best.set(index, mark);
  }
  const found = [...best.values()].map((mark) => {
    const along = toPixel(scale, (mark.start + mark.end) / 2);
    return { mark, picture: mark.event.picture ?? "", along };
  });
  found.sort((a, b) => a.along - b.along);
  const placed: Slot[] = [];
  const most = scale.mirrored ? Infinity : toPixel(scale, now) + room / 2;
  for (const slot of found) {
    const before = placed.at(-1);
    const along = before ? Math.max(slot.along, before.along + room + 4) : slot.along;
    // One that would lie where nothing happened is left out.
    if (along - slot.along <= room && along < most) placed.push({ ...slot, along });
  }
  return placed;
};

/** How far from each other the hours are written. */
const labelRoom = (scene: Scene): number =>
  scene.layout.vertical ? 40 : scene.format.seconds(scene.now).length * 7 + 24;

const drawAxis = (pen: Pen): void => {
  const { context, scene } = pen;
  const { scale, layout, palette, format, across } = scene;
  const { step, times } = ticks(scale, labelRoom(scene), format.zone);
  context.font = palette.font;
  context.textBaseline = "middle";
  for (const time of times) {
    context.fillStyle = palette.line;
    pen.line(time, layout.axis - (layout.vertical ? 4 : 6), across);
    const along = toPixel(scale, time);
    const text = step < MINUTE ? format.seconds(time) : format.time(time);
    context.fillStyle = palette.faint;
    if (layout.vertical) {
      if (along < 8 || along > scale.length - 8) continue;
      context.textAlign = scene.mirroredAcross ? "left" : "right";
      context.fillText(text, pen.across(layout.axis - 8, 0), along);
    } else {
      const half = context.measureText(text).width / 2;
      if (along < half || along > scale.length - half) continue;
      context.textAlign = "center";
      context.fillText(text, along, layout.axis / 2);
    }
  }
};

const drawCloud = (pen: Pen, row: Row, at: number): void => {
  const { context, scene } = pen;
  const { cloud } = scene.layout;
  const { palette, scale, now } = scene;
  const across = at + cloud.at;
  const seen = { start: scale.start, end: Math.min(scale.end, now) };
  if (seen.end > seen.start) {
    // Where nothing is known there is no claim of a gap.
    if (row.footage) {
      context.fillStyle = hatch(context, palette.line);
      pen.span(seen, across, cloud.size);
      context.fillStyle = palette.footage;
      for (const range of row.footage) pen.span(range, across, cloud.size, 1, 2);
    } else {
      context.fillStyle = palette.line;
      pen.span(seen, across + cloud.size / 2 - 1, 2);
      const sparse = { start: seen.start, end: Math.min(seen.end, row.onlyMotionBefore ?? seen.start) };
      context.fillStyle = hatch(context, palette.line);
      if (sparse.end > sparse.start) pen.span(sparse, across, cloud.size);
    }
  }
  context.fillStyle = palette.error;
  for (const range of row.refused) pen.span(range, across, cloud.size, 3, 2);
  const { retentionStart } = row;
  if (retentionStart !== null && retentionStart > scale.start) {
    const gone = { start: scale.start, end: Math.min(retentionStart, scale.end) };
    context.fillStyle = palette.line;
    context.globalAlpha = 0.55;
    pen.span(gone, at + 1, scene.layout.row - 2);
    context.globalAlpha = 1;
  }
  if (row.lag) {
    context.fillStyle = hatch(context, palette.now);
    context.globalAlpha = 0.55;
    pen.span({ start: now - row.lag, end: now }, across, cloud.size, 1);
    context.globalAlpha = 1;
  }
};

const drawEvents = (pen: Pen, row: Row, at: number): void => {
  const { context, scene } = pen;
  const { icons, events } = scene.layout;
  const { palette, scale } = scene;
  for (const mark of row.events) {
    context.fillStyle = palette.events.get(mark.look) ?? palette.faint;
    context.globalAlpha = mark.event.is_ready ? 1 : 0.5;
    pen.span(mark, at + events.at, events.size, 3, 2);
  }
  context.globalAlpha = 1;
  for (const { mark, along, count } of cluster(row.events, scale)) {
    context.fillStyle = palette.events.get(mark.look) ?? palette.faint;
    pen.icon(mark.look.icon, along, at + icons.at, icons.size);
    if (count > 1 && scene.layout.vertical && !scene.layout.pictures) {
      context.fillStyle = palette.faint;
      context.textAlign = scene.mirroredAcross ? "right" : "left";
      context.fillText(`×${scene.format.count(count)}`, pen.across(at + icons.at + icons.size + 3, 0), along);
    }
  }
};

const drawPictures = (pen: Pen, row: Row, at: number): void => {
  const { context, scene } = pen;
  const { layout, scale, palette } = scene;
  if (!layout.pictures) return;
  const across = pen.across(at + layout.pictures.at, layout.pictures.size);
  for (const { mark, picture, along } of slots(row.events, scale, thumbRoom(layout), scene.now)) {
    const [x, y] = layout.vertical
      ? [across, along - THUMB.height / 2]
      : [along - THUMB.width / 2, across];
    const image = scene.thumb(picture);
    context.fillStyle = palette.line;
    if (image) context.drawImage(image, x, y, THUMB.width, THUMB.height);
    else context.fillRect(x, y, THUMB.width, THUMB.height);
    context.fillStyle = palette.events.get(mark.look) ?? palette.faint;
    if (layout.vertical) context.fillRect(x, y, 2, THUMB.height);
    else context.fillRect(x, y + THUMB.height - 2, THUMB.width, 2);
  }
};

/** How much of the line a picture takes. */
export const thumbRoom = (layout: Layout): number => (layout.vertical ? THUMB.height : THUMB.width);

const drawClip = (pen: Pen, mark: ClipMark, at: number): void => {
  const { context, scene } = pen;
  const { clips } = scene.layout;
  const { palette } = scene;
  const across = at + clips.at;
  context.fillStyle = palette.clip;
  if (!pen.span(mark, across, clips.size, 3, 4)) return;
  // A notch is cut from the far side, so that the clip is still seen as one.
  context.fillStyle = palette.gap;
  for (const gap of mark.gaps) pen.span(gap, across, clips.size * 0.6, 2);
  if (!mark.kept) return;
  const box = pen.box(mark, across, clips.size, 3);
  if (!box) return;
  const length = scene.layout.vertical ? box[3] : box[2];
  if (length < 14) return;
  context.fillStyle = palette.onClip;
  pen.icon(mdiPin, (scene.layout.vertical ? box[1] : box[0]) + length / 2, across + 2, 12);
};

const drawJob = (pen: Pen, job: JobMark, at: number): void => {
  const { context, scene } = pen;
  const { palette } = scene;
  const { clips } = scene.layout;
  const color = job.failed ? palette.error : palette.job;
  const box = pen.box(job, at + clips.at, clips.size, 6);
  if (!box) return;
  context.fillStyle = hatch(context, color, 2);
  context.fillRect(...box);
  context.strokeStyle = color;
  context.lineWidth = 1.5;
  context.strokeRect(box[0] + 0.75, box[1] + 0.75, Math.max(box[2] - 1.5, 1), Math.max(box[3] - 1.5, 1));
  if (!job.failed && job.share) {
    context.fillStyle = color;
    const done = { start: job.start, end: job.start + (job.end - job.start) * job.share };
    pen.span(done, at + clips.at, clips.size);
  }
  const percent = job.share === null || job.failed ? "" : scene.format.percent(job.share);
  if (!percent || scene.layout.vertical || box[2] < 44) return;
  context.font = palette.font;
  context.textAlign = "center";
  const half = context.measureText(percent).width / 2 + 4;
  const middle = box[0] + box[2] / 2;
  context.fillStyle = palette.ground;
  context.fillRect(middle - half, box[1] + 1.5, 2 * half, box[3] - 3);
  context.fillStyle = palette.text;
  context.fillText(percent, middle, box[1] + box[3] / 2 + 1);
};

const drawNow = (pen: Pen): void => {
  const { context, scene } = pen;
  const { scale, layout, palette, now, across } = scene;
  if (now < scale.start || now > scale.end) return;
  context.fillStyle = palette.ground;
  context.globalAlpha = 0.6;
  pen.span({ start: now, end: scale.end }, layout.axis, across - layout.axis, 0);
  context.globalAlpha = 1;
  context.fillStyle = palette.now;
  pen.line(now, layout.axis - 6, across, 2);
};

/** Draw all of it. The context's unit is a CSS pixel. */
export const draw = (context: CanvasRenderingContext2D, scene: Scene): void => {
  const { layout, palette, rows, scale, across } = scene;
  const pen = new Pen(context, scene);
  if (layout.vertical) context.clearRect(0, 0, across, scale.length);
  else context.clearRect(0, 0, scale.length, across);
  drawAxis(pen);
  rows.forEach((row, index) => {
    const at = layout.axis + index * layout.row;
    context.fillStyle = palette.line;
    const start = pen.across(at, 1);
    if (layout.vertical) context.fillRect(start, 0, 1, scale.length);
    else context.fillRect(0, start, scale.length, 1);
    drawCloud(pen, row, at);
    for (const mark of row.clips) drawClip(pen, mark, at);
    for (const job of row.jobs) drawJob(pen, job, at);
    drawEvents(pen, row, at);
    drawPictures(pen, row, at);
  });
  drawNow(pen);
};

