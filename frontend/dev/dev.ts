import "../src/main";

import { ClipDownloadCard } from "../src/clip-download-card";
import { ClipDownloadPanel } from "../src/clip-download-panel";
import { MockBackEnd } from "./mock";

/**
 * The front end without Home Assistant. What is shown is said by the address:
 * `?show=panel|card&dark&dir=rtl&lang=de&clock=12&zone=Europe/Berlin&state=empty&events=500&narrow`
 */
const query = new URLSearchParams(location.search);
const root = document.documentElement;
root.dir = query.get("dir") ?? "ltr";
root.lang = query.get("lang") ?? "en";
root.classList.toggle("dark", query.has("dark"));

// The little of Home Assistant's own elements that is used.
if (!customElements.get("ha-card")) {
  customElements.define(
    "ha-card",
    class extends HTMLElement {
      connectedCallback(): void {
        const style = document.createElement("style");
        style.textContent = `:host { display: block; background: var(--card-background-color); color: var(--primary-text-color);
          border: 1px solid var(--divider-color); border-radius: 12px; } h1 { margin: 0; padding: 12px 16px 16px; font-size: 24px; font-weight: 400; }`;
        const title = document.createElement("h1");
        title.textContent = (this as { header?: string }).header ?? "";
        this.attachShadow({ mode: "open" }).append(style, title, document.createElement("slot"));
      }
    },
  );
}

const backEnd = new MockBackEnd({
  zone: query.get("zone") ?? "America/Los_Angeles",
  language: root.lang,
  timeFormat: (query.get("clock") ?? "24") as "12" | "24",
  dark: query.has("dark"),
  state: query.get("state") ?? "",
  events: Number(query.get("events") ?? 500),
});
Object.assign(window, { backEnd });
if (query.has("video")) await backEnd.prepare();
else void backEnd.prepare();

if (query.get("show") === "card") {
  const card = new ClipDownloadCard();
  card.setConfig({ type: "custom:clip-download-card", title: "Front door", entities: ["camera.front_door"] });
  card.hass = backEnd.hass;
  const main = document.createElement("main");
  main.className = "dashboard";
  main.append(card);
  document.body.append(main);
} else {
  const panel = new ClipDownloadPanel();
  panel.hass = backEnd.hass;
  panel.narrow = query.has("narrow");
  document.body.append(panel);
}
