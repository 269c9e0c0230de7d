// The camera: a mirrored preview behind an oval, an unmirrored capture, and files by choice or drop.
"use strict";
(() => {
  const frame = document.getElementById("camera");
  const video = document.getElementById("video");
  const message = document.getElementById("camera-message");
  const shoot = document.getElementById("shoot");
  const file = document.getElementById("file");
  const form = document.getElementById("photo-form");
  if (!frame) return;
  const why = { NotAllowedError: "denied", NotReadableError: "busy", AbortError: "busy" };

  const send = (blob, name) => {
    const photo = new File([blob], name, { type: blob.type });
    window.htmx.ajax("POST", form.getAttribute("hx-post"), { source: form, target: "#verdict", values: { photo } });
  };
  const cannot = (reason) => {
    video.srcObject = null;
    shoot.disabled = true;
    message.textContent = frame.dataset[reason];
    file.focus();
  };
  const start = async () => {
    if (video.srcObject) return;
    if (!navigator.mediaDevices) { cannot(window.isSecureContext ? "none" : "insecure"); return; }
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1920 }, height: { ideal: 1080 } } });
      video.srcObject.getVideoTracks()[0].addEventListener("ended", () => cannot("lost"));
      await video.play();
      message.textContent = "";
      shoot.disabled = false;
      if (!document.querySelector("#verdict [autofocus]")) shoot.focus();
    } catch (error) {
      cannot(why[error.name] || "none");
    }
  };
  shoot.addEventListener("click", () => {
    if (!video.videoWidth) return;
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d").drawImage(video, 0, 0);
    canvas.toBlob((blob) => send(blob, "camera.jpg"), "image/jpeg", 0.95);
  });
  file.addEventListener("change", (event) => {
    const [chosen] = event.target.files;
    if (chosen) send(chosen, chosen.name);
    event.target.value = "";
  });
  frame.addEventListener("dragover", (event) => { event.preventDefault(); frame.classList.add("dropping"); });
  frame.addEventListener("dragleave", () => frame.classList.remove("dropping"));
  frame.addEventListener("drop", (event) => {
    event.preventDefault();
    frame.classList.remove("dropping");
    const [dropped] = event.dataTransfer.files;
    if (dropped) send(dropped, dropped.name);
  });
  // Plugged in, or allowed in the address bar: it begins by itself.
  navigator.mediaDevices?.addEventListener("devicechange", start);
  navigator.permissions?.query({ name: "camera" }).then((asked) => asked.addEventListener("change", start), () => {});
  start();
})();
