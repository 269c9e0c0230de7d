// The camera: a mirrored preview behind an oval, advice a few times a second, an unmirrored capture; files by choice or drop.
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
  const pause = 300; // between two looks, after the answer to the last one
  const reduced = 640; // pixels wide a frame is sent
  let before = "";

  const send = (blob, name) => {
    const photo = new File([blob], name, { type: blob.type });
    URL.revokeObjectURL(before);
    before = URL.createObjectURL(blob);
    window.htmx.ajax("POST", form.getAttribute("hx-post"), { source: form, target: "#verdict", values: { photo } });
  };
  const cannot = (reason) => {
    video.srcObject = null;
    shoot.disabled = true;
    frame.classList.remove("ready");
    message.textContent = frame.dataset[reason];
    file.focus();
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
    if (!video.srcObject) return; // unplugged: it begins anew with the camera
    if (!document.hidden && video.videoWidth) {
      try {
        const blob = await new Promise((done) => { picture(Math.min(reduced, video.videoWidth)).toBlob(done, "image/jpeg", 0.8); });
        const answer = await fetch(`${frame.dataset.guide}?width=${video.videoWidth}`, {
          method: "POST", body: blob, headers: { "X-CSRFToken": frame.dataset.token, "Content-Type": "image/jpeg" },
        });
        if (answer.ok && video.srcObject) {
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
    if (video.srcObject) return;
    if (!navigator.mediaDevices) { cannot(window.isSecureContext ? "none" : "insecure"); return; }
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1920 }, height: { ideal: 1080 } } });
      video.srcObject.getVideoTracks()[0].addEventListener("ended", () => cannot("lost"));
      await video.play();
      message.textContent = "";
      shoot.disabled = false;
      if (!document.querySelector("#verdict [autofocus]")) shoot.focus();
      look();
    } catch (error) {
      cannot(why[error.name] || "none");
    }
  };
  shoot.addEventListener("click", () => {
    if (video.videoWidth) picture(video.videoWidth).toBlob((blob) => send(blob, "camera.jpg"), "image/jpeg", 0.95);
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
