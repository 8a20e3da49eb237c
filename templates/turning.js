// Drag to turn, wheel to zoom: needs a canvas and a function draw of the page.
let turn = -1.15, tilt = 0.25, zoom = 1;
let held = false;
canvas.onpointerdown = event => { held = true; canvas.setPointerCapture(event.pointerId); };
canvas.onpointerup = () => { held = false; };
canvas.onpointermove = event => {
  if (!held) return;
  turn -= event.movementX * 0.01;
  tilt = Math.max(-1.5, Math.min(1.5, tilt + event.movementY * 0.01));
  draw();
};
canvas.onwheel = event => { event.preventDefault(); zoom *= Math.exp(-event.deltaY * 0.001); draw(); };
window.onresize = draw;
