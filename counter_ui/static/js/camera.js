// The camera: a mirrored preview behind an oval, an unmirrored capture, and files by choice or drop.
"use strict";
(() => {
  const frame = document.getElementById("camera");
  const video = document.getElementById("video");
  const message = document.getElementById("camera-message");
  const shoot = document.getElementById("shoot");
  const form = document.getElementById("photo-form");
  if (!frame) return;

  const send = (blob, name) => {
    const file = new File([blob], name, { type: blob.type });
    window.htmx.ajax("POST", form.getAttribute("hx-post"), { source: form, target: "#verdict", values: { photo: file } });
  };
  const start = async () => {
    if (!navigator.mediaDevices) { message.textContent = frame.dataset.none; return; }
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1920 }, height: { ideal: 1080 } } });
      await video.play();
      message.textContent = "";
      shoot.disabled = false;
      shoot.focus();
    } catch (error) {
      message.textContent = error.name === "NotAllowedError" ? frame.dataset.denied : frame.dataset.none;
    }
  };
  shoot.addEventListener("click", () => {
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d").drawImage(video, 0, 0);
    canvas.toBlob((blob) => send(blob, "camera.jpg"), "image/jpeg", 0.95);
  });
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
