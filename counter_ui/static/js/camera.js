// The camera: a mirrored preview behind an oval, advice a few times a second, an unmirrored capture; files by choice or drop.
"use strict";
(() => {
  const frame = document.getElementById("camera");
  const video = document.getElementById("video");
  const message = document.getElementById("camera-message");
  const shoot = document.getElementById("shoot");
  const form = document.getElementById("photo-form");
  if (!frame) return;
  const pause = 300; // between two looks, after the answer to the last one
  const reduced = 640; // pixels wide a frame is sent
  let before = "";

  const send = (blob, name) => {
    const file = new File([blob], name, { type: blob.type });
    URL.revokeObjectURL(before);
    before = URL.createObjectURL(blob);
    window.htmx.ajax("POST", form.getAttribute("hx-post"), { source: form, target: "#verdict", values: { photo: file } });
  };
  document.body.addEventListener("htmx:afterSwap", (event) => {
    const figure = event.target.id === "verdict" && before && document.getElementById("before");
    if (!figure) return;
    const image = figure.querySelector("img");
    image.addEventListener("load", () => { figure.hidden = false; }); // a format the browser cannot show stays away
    image.src = before;
  });

  const picture = (width) => {
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = Math.round((video.videoHeight * width) / video.videoWidth);
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
    return canvas;
  };
  const look = async () => {
    if (!document.hidden && video.videoWidth) {
      try {
        const blob = await new Promise((done) => { picture(Math.min(reduced, video.videoWidth)).toBlob(done, "image/jpeg", 0.8); });
        const answer = await fetch(`${frame.dataset.guide}?width=${video.videoWidth}`, {
          method: "POST", body: blob, headers: { "X-CSRFToken": frame.dataset.token, "Content-Type": "image/jpeg" },
        });
        if (answer.ok) {
          const told = await answer.json();
          message.textContent = told.advice[0].text;
          message.dataset.code = told.advice[0].code;
          frame.classList.toggle("ready", told.good);
        }
      } catch {
        frame.classList.remove("ready"); // the next look may go through; the photo itself says what is wrong
      }
    }
    setTimeout(look, pause);
  };

  const start = async () => {
    if (!navigator.mediaDevices) { message.textContent = frame.dataset.none; return; }
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1920 }, height: { ideal: 1080 } } });
      await video.play();
      message.textContent = "";
      shoot.disabled = false;
      shoot.focus();
      look();
    } catch (error) {
      message.textContent = error.name === "NotAllowedError" ? frame.dataset.denied : frame.dataset.none;
    }
  };
  shoot.addEventListener("click", () => { picture(video.videoWidth).toBlob((blob) => send(blob, "camera.jpg"), "image/jpeg", 0.95); });
  document.getElementById("file").addEventListener("change", (event) => {
    const [file] = event.target.files;
    if (file) send(file, file.name);
    event.target.value = "";
  });
  frame.addEventListener("dragover", (event) => { event.preventDefault(); frame.classList.add("dropping"); });
  frame.addEventListener("dragleave", () => frame.classList.remove("dropping"));
  frame.addEventListener("drop", (event) => {
    event.preventDefault();
    frame.classList.remove("dropping");
    const [file] = event.dataTransfer.files;
    if (file) send(file, file.name);
  });
  start();
})();
