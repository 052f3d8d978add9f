// The terminal is made when the page has loaded; keys are meant for it from the start.
window.addEventListener("load", () => setTimeout(() => document.querySelector(".xterm-helper-textarea")?.focus()));
