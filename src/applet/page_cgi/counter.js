"use strict";
const message = document.getElementById("message");
const left = document.getElementById("left");
const count = () => {
  const text = message.value.replace(/[ \t\n]+$/, "");
  const more = Number(message.dataset.most) - Array.from(text).length;
  left.textContent = more < 0 ? -more + " characters too many" : more + " characters left";
};
message.addEventListener("input", count);
count();
