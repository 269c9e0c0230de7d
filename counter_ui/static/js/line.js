// The line to the server: said when it is lost, what was typed stays, and nothing is sent twice.
"use strict";
(() => {
  const banner = document.getElementById("offline");
  const polls = (detail) => detail.requestConfig?.headers?.["X-Cardsvc-Poll"];
  const reachable = () => fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(5000) }).then(() => true, () => false);
  let watching = false;

  const lost = async (then) => {
    banner.hidden = false;
    if (watching) return;
    watching = true;
    do await new Promise((done) => { setTimeout(done, 1000); }); while (!await reachable());
    watching = false;
    banner.hidden = true;
    then?.();
  };
  // A step that ran by itself was saved or was not: the page knows which once it is asked for again.
  const ranByItself = (element) => element.matches?.(".busy.on");
  ["htmx:sendError", "htmx:timeout"].forEach((name) => document.addEventListener(name, (event) => {
    lost(ranByItself(event.detail.elt) ? () => window.location.reload() : undefined);
  }));

  // A form that leaves the page would take what was typed with it, so the line is tried first.
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    if (!form.closest("main")) return; // language and signing out take nothing with them
    event.preventDefault();
    if (await reachable()) form.submit();
    else { delete form.dataset.sent; lost(); }
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("[data-sent]").forEach((form) => { delete form.dataset.sent; }));

  // A poll that brings nothing new must not take the focus, the scroll position or a screen reader's attention.
  const last = new Map();
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!polls(event.detail)) return;
    const { target, serverResponse } = event.detail;
    if (last.get(target.id) === serverResponse) event.detail.shouldSwap = false;
    last.set(target.id, serverResponse);
  });
})();
