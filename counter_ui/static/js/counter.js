// Keys, the scanner, check digits, printing. Every key is also a visible button.
"use strict";
(() => {
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const checkDigit = (number) => "10X98765432"[[...number.slice(0, 17)].reduce((sum, d, i) => sum + Number(d) * weights[i], 0) % 11];
  const typing = (element) => element && (/^(INPUT|TEXTAREA|SELECT)$/).test(element.tagName) && !["checkbox", "radio", "button"].includes(element.type);

  document.addEventListener("keydown", (event) => {
    if (event.repeat && (/^(F\d|Enter)$/).test(event.key)) { event.preventDefault(); return; } // a key held down is one key
    if ((/^F(2|4|8|9)$/).test(event.key)) {
      const buttons = [...document.querySelectorAll(`[data-fkey="${event.key}"]`)].filter((b) => !b.disabled && b.offsetParent !== null);
      const target = buttons[buttons.length - 1];
      // A hand faster than the page: a button swapped in this moment is wired up 20 ms later.
      if (target) { event.preventDefault(); setTimeout(() => target.click(), 40); }
    } else if (event.key === "/" && !typing(event.target)) {
      const search = document.querySelector("[type=search], [data-scan]");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    } else if (event.key === "?" && !typing(event.target)) {
      document.getElementById("help")?.showModal();
    } else if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
      document.querySelector("[data-back]")?.click();
    } else if (event.altKey && event.key.toLowerCase() === "n") {
      document.querySelector('[data-key="n"]')?.click();
    }
  });
  document.getElementById("help-button")?.addEventListener("click", () => document.getElementById("help").showModal());

  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!field.matches?.("[data-id-number]")) return;
    const hint = document.getElementById(field.getAttribute("aria-describedby"));
    const text = field.value.trim().toUpperCase();
    const whole = (/^\d{17}[\dX]$/).test(text);
    const right = whole && checkDigit(text) === text[17];
    hint.textContent = whole ? (right ? hint.dataset.ok : hint.dataset.bad) : "";
    hint.className = `hint ${whole ? (right ? "ok" : "bad") : ""}`;
  });
  document.addEventListener("change", (event) => {
    const shown = event.target.dataset?.shows;
    if (shown) document.getElementById(shown).hidden = !event.target.checked;
  });

  // What was refused is replaced by the next scan, not added to.
  document.querySelector("[data-scan]")?.select();

  // A wedge scanner types digits fast and ends with Enter; event.code is right even while an IME is composing.
  let burst = "";
  let last = 0;
  document.addEventListener("keydown", (event) => {
    const digit = (/^(?:Digit|Numpad)(\d)$/).exec(event.code);
    if (event.timeStamp - last > 100) burst = "";
    last = event.timeStamp;
    if (digit) { burst += digit[1]; return; }
    if (event.code === "Enter" || event.code === "NumpadEnter") {
      const box = document.querySelector("[data-scan]");
      if (box && (burst.length === 20 || burst.length === 26)) { event.preventDefault(); box.value = burst; box.form.requestSubmit(); }
    }
    burst = "";
  }, true);

  document.getElementById("print")?.addEventListener("click", () => {
    const frame = document.getElementById("slip");
    try { frame.contentWindow.focus(); frame.contentWindow.print(); } catch { window.open(frame.src); }
  });
  // After a swap the hand is needed at the new main button, else at the one that tries again; the alert is read out.
  document.addEventListener("htmx:afterSettle", (event) => {
    const { requestConfig, target } = event.detail;
    if (requestConfig?.headers?.["X-Cardsvc-Poll"]) return;
    const tried = document.querySelector(requestConfig?.elt.dataset.again || "#none") || requestConfig?.elt.querySelector?.("button");
    const next = target.querySelector?.("[autofocus]") || (tried?.isConnected && !tried.disabled && tried) || target.querySelector?.(".fault");
    next?.focus();
  });
})();
